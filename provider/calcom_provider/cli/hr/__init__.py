"""Write HR data into Cal.com from a shell."""
