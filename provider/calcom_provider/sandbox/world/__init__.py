"""The state of the imitated Cal.com: its clock, its tables and the rules that several of them share."""
