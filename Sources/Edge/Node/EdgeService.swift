package import Logging
package import NIOCore
package import NIOSSL
import ServiceLifecycle
package import Settings

/// Serves callers until the process is asked to stop; then ends without refusing or losing a request.
package struct EdgeService: Service {
  /// How it ends.
  package struct Drain: Sendable {
    /// Time in which /readyz says no and connections are still taken.
    package var notice: Duration
    /// Time for requests under way.
    package var limit: Duration

    package init(notice: Duration = .zero, limit: Duration = .seconds(30)) {
      self.notice = notice
      self.limit = limit
    }
  }

  private let server: EdgeServer
  private let core: EdgeCore
  private let listen: ListenAddress
  private let adminListen: ListenAddress?
  private let tls: NIOSSLContext?
  private let drain: Drain
  private let logger: Logger
  private let bound: @Sendable (SocketAddress) -> Void

  /// - Parameter bound: told the callers' address once it listens.
  package init(
    core: EdgeCore, group: any EventLoopGroup, listen: ListenAddress, adminListen: ListenAddress? = nil,
    tls: NIOSSLContext? = nil,
    drain: Drain = Drain(), logger: Logger, bound: @escaping @Sendable (SocketAddress) -> Void = { _ in }
  ) {
    server = EdgeServer(core: core, group: group)
    self.core = core
    self.listen = listen
    self.adminListen = adminListen
    self.tls = tls
    self.drain = drain
    self.logger = logger
    self.bound = bound
  }

  package func run() async throws {
    var listeners = [try await server.listen(listen, tls: tls)]
    if let adminListen { listeners.append(try await server.listen(adminListen, port: .admin)) }
    logger.notice(
      "listening",
      metadata: [
        "address": "\(Self.text(listeners[0].localAddress))", "tls": .stringConvertible(tls != nil),
        "admin": "\(adminListen == nil ? "none" : Self.text(listeners[1].localAddress))",
      ])
    if let address = listeners[0].localAddress { bound(address) }

    // A cancelled task ends the wait as well, with less patience.
    try? await gracefulShutdown()
    let isPatient = !Task.isCancelled
    core.load.startDraining()
    if isPatient, drain.notice > .zero { try? await Task.sleep(for: drain.notice) }
    logger.notice(
      "draining",
      metadata: ["connections": .stringConvertible(core.load.connections), "requests": .stringConvertible(core.load.requests)])
    for listener in listeners { try? await listener.close() }
    let limit = isPatient ? drain.limit : .zero
    let (server, logger, load) = (server, logger, core.load)
    await withTaskGroup(of: Void.self) { group in
      group.addTask { await server.drain() }
      group.addTask {
        try? await Task.sleep(for: limit)
        guard load.connections > 0 else { return }
        logger.warning(
          "closing connections that did not end in time", metadata: ["connections": .stringConvertible(load.connections)])
        server.closeAll()
      }
      await group.next()
      group.cancelAll()
    }
  }

  private static func text(_ address: SocketAddress?) -> String {
    guard let address else { return "unknown" }
    return ListenAddress(host: address.ipAddress ?? "?", port: address.port ?? 0).description
  }
}
