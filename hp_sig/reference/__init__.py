"""What the law and the producers define, as tables: field names, French labels, the default territory."""
