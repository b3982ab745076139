"""Who belongs to a commons, who decides in it, and who holds an office until when."""
