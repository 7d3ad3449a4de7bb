"""Numbers and layers → folium maps, and one HTML file that opens without network."""
