"""HTTP, as the server and the page both need it: limits, who may ask, reading and decoding uploads, error answers."""
