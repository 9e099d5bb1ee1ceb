//! Sockets. Structures and constants are the same on both machines.

use super::arguments::{
    BytesIn, BytesOut, Fd, FdPairOut, Hex, MessageFlags, SocketAddress, SocketFamily, StructOut,
};
use super::table::{Support, syscalls};
use vmtrans_isa::GuestAddr;

syscalls! {
    /// Makes a socket.
    socket(generic 198, x86_64 41, Support::Full) |k, family: SocketFamily, kind: Hex, protocol: i32|
    k.pass();
    /// Makes two connected sockets.
    socketpair(generic 199, x86_64 53, Support::Full)
    |k, family: SocketFamily, kind: Hex, protocol: i32, fds: FdPairOut| k.pass();
    /// Gives a socket its address.
    bind(generic 200, x86_64 49, Support::Full) |k, fd: Fd, address: SocketAddress, length: u32|
    k.pass();
    /// Waits for connections.
    listen(generic 201, x86_64 50, Support::Full) |k, fd: Fd, backlog: i32| k.pass();
    /// Takes a connection.
    accept(generic 202, x86_64 43, Support::Full) |k, fd: Fd, address: StructOut, length: StructOut|
    k.pass_waiting();
    /// Takes a connection, with flags.
    accept4(generic 242, x86_64 288, Support::Full)
    |k, fd: Fd, address: StructOut, length: StructOut, flags: Hex| k.pass_waiting();
    /// Connects a socket.
    connect(generic 203, x86_64 42, Support::Full) |k, fd: Fd, address: SocketAddress, length: u32|
    k.pass_waiting();
    /// Gives a socket's own address.
    getsockname(generic 204, x86_64 51, Support::Full)
    |k, fd: Fd, address: StructOut, length: StructOut| k.pass();
    /// Gives the address that a socket is connected to.
    getpeername(generic 205, x86_64 52, Support::Full)
    |k, fd: Fd, address: StructOut, length: StructOut| k.pass();
    /// Sends a message.
    sendto(generic 206, x86_64 44, Support::Full)
    |k, fd: Fd, buffer: BytesIn, count: u64, flags: MessageFlags, address: SocketAddress, length: u32|
    k.pass_waiting();
    /// Receives a message.
    recvfrom(generic 207, x86_64 45, Support::Full)
    |k, fd: Fd, buffer: BytesOut, count: u64, flags: MessageFlags, address: StructOut, length: StructOut|
    k.pass_waiting();
    /// Sets a socket's option.
    setsockopt(generic 208, x86_64 54, Support::Full)
    |k, fd: Fd, level: i32, option: i32, value: BytesIn, length: u32| k.pass();
    /// Gives a socket's option.
    getsockopt(generic 209, x86_64 55, Support::Full)
    |k, fd: Fd, level: i32, option: i32, value: StructOut, length: StructOut| k.pass();
    /// Ends one or both directions of a connection.
    shutdown(generic 210, x86_64 48, Support::Full) |k, fd: Fd, how: i32| k.pass();
    /// Sends a message in several buffers.
    sendmsg(generic 211, x86_64 46, Support::Full)
    |k, fd: Fd, message: GuestAddr, flags: MessageFlags| k.pass_waiting();
    /// Receives a message into several buffers.
    recvmsg(generic 212, x86_64 47, Support::Full)
    |k, fd: Fd, message: StructOut, flags: MessageFlags| k.pass_waiting();
    /// Sends several messages.
    sendmmsg(generic 269, x86_64 307, Support::Full)
    |k, fd: Fd, messages: GuestAddr, count: u32, flags: MessageFlags| k.pass_waiting();
    /// Receives several messages.
    recvmmsg(generic 243, x86_64 299, Support::Full)
    |k, fd: Fd, messages: StructOut, count: u32, flags: MessageFlags, timeout: GuestAddr| k.pass_waiting();
}
