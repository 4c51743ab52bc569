"""Operations on event types and what hangs on them."""
