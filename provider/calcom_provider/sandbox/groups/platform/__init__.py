"""Operations that only platform customers have."""
