"""HTTP, WebSocket, SSE and static files: bytes to calls and back."""
