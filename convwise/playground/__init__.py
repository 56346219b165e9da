"""The playground: Conv2D to move and look at, one HTML file that opens without a server; its program is in `js/`."""
