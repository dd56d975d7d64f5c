"""The sockets of `taskloom serve`."""

import asyncio
import socket

import click
import pytest

from app.cli.serve import bind


async def test_answers_are_not_held_back_until_they_fill_a_packet() -> None:
    held_back: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    def accepted(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connection = writer.get_extra_info("socket")
        held_back.set_result(connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))
        writer.close()

    listening = bind("127.0.0.1", 0)
    async with await asyncio.start_server(accepted, sock=listening):
        _, writer = await asyncio.open_connection(*listening.getsockname())
        assert await held_back != 0
        writer.close()
        await writer.wait_closed()


def test_an_address_in_use_is_told_in_words() -> None:
    with bind("127.0.0.1", 0) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(click.ClickException, match=f"127.0.0.1:{port} cannot be listened on"):
            bind("127.0.0.1", port)
