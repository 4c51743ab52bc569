"""Hold the sample names of the seeded organisation; every person is invented."""

from __future__ import annotations

FIRST_NAMES = (
    "Amélie", "Anders", "Aoife", "Beatriz", "Björn", "Chidi", "Chloé", "Daniel", "Dmitri", "Elif", "Emeka", "Esther",
    "Farah", "Felix", "Freya", "Gabriel", "Giulia", "Hana", "Haruto", "Ingrid", "Isabel", "Jakub", "Jana", "João",
    "Kenji", "Kwame", "Lakshmi", "Leila", "Liam", "Lucía", "Maja", "Malik", "Marta", "Mateo", "Mehmet", "Mei", "Nadia",
    "Ngozi", "Niamh", "Nikhil", "Noor", "Olga", "Omar", "Oskar", "Paulina", "Pierre", "Priya", "Quang", "Rania",
    "Renée", "Ruth", "Samir", "Sanne", "Siobhán", "Sofia", "Søren", "Tariq", "Tessa", "Thandiwe", "Tomás", "Ursula",
    "Valentina", "Viktor", "Wei", "Yara", "Yusuf", "Zoë", "Zuzanna",
)  # fmt: skip
LAST_NAMES = (
    "Abara", "Andersson", "Baptiste", "Becker", "Bianchi", "Brennan", "Çelik", "Chen", "Costa", "Da Silva", "D'Angelo",
    "de Vries", "Dubois", "Eriksen", "Fernández", "Fischer", "García", "Haddad", "Hansen", "Horvat", "Ito", "Jansen",
    "Kamau", "Kaya", "Khan", "Kowalski", "Kumar", "Larsen", "Lefèvre", "Lindqvist", "MacLeod", "Mensah", "Meyer",
    "Moreau", "Müller", "Mwangi", "Nakamura", "Novák", "Nguyen", "O'Connor", "O'Neill", "Okafor", "Oliveira",
    "Papadopoulos", "Park", "Petrov", "Quispe", "Rahman", "Ricci", "Rossi", "Saito", "Sánchez", "Schneider", "Singh",
    "Smith-Jones", "Sørensen", "Svensson", "Tanaka", "Tremblay", "van den Berg", "Vargas", "Weber", "Wójcik", "Yılmaz",
)  # fmt: skip
TIME_ZONES = (
    "Europe/Zurich", "Europe/Berlin", "Europe/London", "Europe/Paris", "America/New_York", "America/Sao_Paulo",
    "America/Los_Angeles", "Asia/Tokyo", "Asia/Kolkata", "Australia/Sydney", "Africa/Nairobi",
)  # fmt: skip
LOCALES = (None, None, "en", "de", "fr", "es", "ja", "pt-BR")
DEPARTMENTS = (
    "Engineering", "Product", "Design", "Sales", "Marketing", "Customer Success", "Finance", "People & Culture",
    "Legal", "Operations", "IT",
)  # fmt: skip
LANGUAGES = (
    "English", "Deutsch", "Français", "Español", "Italiano", "日本語", "中文 (简体)", "Português (Brasil)", "Türkçe",
    "Kreyòl d'Haïti", "Gàidhlig", "עברית", "العربية", "Emoji 🙂", "Tok Pisin",
)  # fmt: skip
LOCATIONS = (
    "Zürich",
    "Berlin",
    "London",
    "Paris",
    "New York",
    "São Paulo",
    "東京",
    "Bengaluru",
    "Nairobi",
    "Remote",
)
SKILLS = (
    "Python", "SQL", "Go", "TypeScript", "Negotiation", "Public speaking", "Accounting", "C++", "C", "Figma",
    "Employment law", "First aid",
)  # fmt: skip
TITLES = (
    "Engineer", "Senior Engineer", "Analyst", "Account Executive", "Designer", "Manager", "Director", "Specialist",
    "Counsel", "Coordinator",
)  # fmt: skip
TEAMS = (
    "Sales DACH", "Sales Americas", "Onboarding", "Support Tier 1", "Support Tier 2", "Platform", "Data", "Payroll",
    "Recruiting", "Brand", "Design System", "Security", "Facilities", "Partnerships", "Legal Desk", "Treasury",
    "Field Events", "Research", "Procurement", "Executive Office", "Café ☕ crew", "Works council",
)  # fmt: skip
NOTES = (
    None, None, None, "Back on Monday", "Urlaub – bitte an meine Vertretung wenden", "Parental leave, part 1",
    'Away; "urgent" mails only', "学会出張", "Conference 🎤", "On call: see rota\nSecond line of the note",
)  # fmt: skip
