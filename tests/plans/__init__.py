"""How the server carries statements out."""
