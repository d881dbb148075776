"""One file a page. A page takes what its address names, says what it is (`use_place`), and loads what it shows."""
