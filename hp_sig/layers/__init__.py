"""Files of the producers → validated layers and tables: one contract a layer, one error a file."""
