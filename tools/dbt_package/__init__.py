"""Parts of the tool that writes the dbt package."""
