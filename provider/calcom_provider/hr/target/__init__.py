"""What Cal.com holds today, and which of its users HR means."""
