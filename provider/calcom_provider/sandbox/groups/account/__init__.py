"""Operations on the caller's own account, and those that several kinds of account share."""
