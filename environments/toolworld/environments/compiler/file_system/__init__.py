"""The pack of file systems: commands on files and directories, as POSIX has them."""
