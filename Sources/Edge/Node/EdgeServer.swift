import Addresses
import Metrics
package import NIOCore
import NIOPosix
package import NIOSSL
import Observability
package import Settings

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// Accepts callers and gives each its pipeline.
package final class EdgeServer: Sendable {
  /// Who is served on a port.
  package enum Port: Sendable {
    /// Callers of triggers, and probes.
    case callers
    /// Probes and metrics alone.
    case admin
  }

  /// Connections the kernel holds until they are accepted.
  private static let backlog: Int32 = 4096
  /// Unsent bytes of answers from which nothing more is read from a connection.
  private static let writeBufferWaterMark = ChannelOptions.Types.WriteBufferWaterMark(low: 4 * 1024, high: 16 * 1024)

  private let core: EdgeCore
  private let group: any EventLoopGroup
  private let scopes: [ObjectIdentifier: EventLoopScope]
  let connections = ConnectionRegistry()

  package init(core: EdgeCore, group: any EventLoopGroup) {
    self.core = core
    self.group = group
    scopes = Dictionary(uniqueKeysWithValues: group.makeIterator().map { (ObjectIdentifier($0), EventLoopScope()) })
  }

  /// Listens. The channel returned accepts connections until it is closed.
  ///
  /// - Throws: `CannotListen`, which names the address.
  package func listen(_ address: ListenAddress, port: Port = .callers, tls: NIOSSLContext? = nil) async throws -> any Channel {
    let bootstrap = ServerBootstrap(group: group)
      .serverChannelOption(.backlog, value: Self.backlog)
      .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
      .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
      // A caller that has said all it has to say still gets its answer.
      .childChannelOption(.allowRemoteHalfClosure, value: true)
      .childChannelOption(.maxMessagesPerRead, value: 2)
      .childChannelOption(
        .recvAllocator, value: AdaptiveRecvByteBufferAllocator(minimum: 1024, initial: 2048, maximum: 16 * 1024)
      )
      .childChannelOption(.writeBufferWaterMark, value: Self.writeBufferWaterMark)
      .childChannelInitializer { channel in self.set(up: channel, port: port, tls: tls) }
    do {
      return try await bootstrap.bind(host: address.host, port: address.port).get()
    } catch {
      throw CannotListen(
        address: address, reason: (error as? IOError).map { String(cString: strerror($0.errnoCode)) } ?? "\(type(of: error))")
    }
  }

  private func set(up channel: any Channel, port: Port, tls: NIOSSLContext?) -> EventLoopFuture<Void> {
    guard core.load.openConnection() else {
      core.metrics.refusedConnections.increment()
      return refuse(channel, isTLS: tls != nil)
    }
    let load = core.load
    channel.closeFuture.whenComplete { _ in load.closeConnection() }
    connections.add(channel)
    return channel.eventLoop.makeCompletedFuture {
      if let tls { try channel.pipeline.syncOperations.addHandler(NIOSSLServerHandler(context: tls)) }
      try channel.pipeline.syncOperations.addHandler(
        HTTPConnection(
          core: core, scope: scopes[ObjectIdentifier(channel.eventLoop)] ?? EventLoopScope(), peer: Self.address(of: channel),
          isTLS: tls != nil, port: port,
          openedAt: channel.eventLoop.now))
    }
  }

  /// Too many connections: a word, where it can be said in plain text, and the end.
  private func refuse(_ channel: any Channel, isTLS: Bool) -> EventLoopFuture<Void> {
    guard !isTLS else { return channel.close() }
    var buffer = channel.allocator.buffer(capacity: 256)
    var date = DateLine()
    Response.refusal(.overloaded).write(into: &buffer, isHead: false, persistence: .close, date: date.bytes(at: .now))
    let bytes = buffer
    // The channel is registered, and can be written to, only after this returns.
    channel.eventLoop.execute { channel.writeAndFlush(bytes).whenComplete { _ in channel.close(promise: nil) } }
    return channel.eventLoop.makeSucceededVoidFuture()
  }

  /// The peer of a connection; one that is not over IP is on this machine.
  private static func address(of channel: any Channel) -> IPAddress {
    channel.remoteAddress?.ipAddress.flatMap { IPAddress($0) } ?? loopback
  }

  private static let loopback = IPAddress.loopback

  /// Takes no more requests on a connection than the one that is under way, and waits until all connections are closed.
  package func drain() async {
    core.load.startDraining()
    connections.drain()
    await connections.waitUntilEmpty()
  }

  /// Closes what is left.
  package func closeAll() { connections.closeAll() }
}

/// An address that cannot be listened on: taken, not of this machine, or not allowed.
package struct CannotListen: Error, CustomStringConvertible {
  package let address: ListenAddress
  package let reason: String
  package var description: String { "cannot listen on \(address): \(reason)" }
}
