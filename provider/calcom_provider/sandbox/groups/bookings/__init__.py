"""Operations on bookings and free slots."""
