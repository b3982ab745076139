"""Lists of repositories, papers and other collections that somebody keeps under a title."""
