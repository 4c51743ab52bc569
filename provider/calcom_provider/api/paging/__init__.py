"""Read lists page by page, and show that they were read completely."""
