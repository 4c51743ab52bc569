"""Operations on an organisation: its people, teams, attributes and absences."""
