package import Logging
package import NIOCore
import NIOHTTP1
import NIOPosix
import ServiceLifecycle
package import Settings
import Synchronization

/// A small HTTP server for probes and metrics: `/healthz`, `/readyz`, `/metrics`. Meant for loopback or a private network.
package struct AdminListener: Service {
  /// One answer.
  package struct Answer: Sendable, Equatable {
    package var status: Int
    package var contentType: String
    package var body: String

    package init(status: Int, contentType: String = "text/plain; charset=utf-8", body: String) {
      self.status = status
      self.contentType = contentType
      self.body = body
    }
  }

  private let endpoint: ListenAddress
  private let group: any EventLoopGroup
  private let logger: Logger
  private let answer: @Sendable (_ path: String) -> Answer?
  private let bound: @Sendable (SocketAddress) -> Void

  /// - Parameters:
  ///   - answer: what to say to `GET path`; `nil` is 404. Called on an event loop; must not block.
  ///   - bound: told the address once it listens.
  package init(
    endpoint: ListenAddress, group: any EventLoopGroup, logger: Logger,
    bound: @escaping @Sendable (SocketAddress) -> Void = { _ in }, answer: @escaping @Sendable (_ path: String) -> Answer?
  ) {
    self.endpoint = endpoint
    self.group = group
    self.logger = logger
    self.bound = bound
    self.answer = answer
  }

  /// Serves until graceful shutdown.
  package func run() async throws {
    let answer = self.answer
    let bootstrap = ServerBootstrap(group: group)
      .serverChannelOption(.backlog, value: 64)
      .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
      .childChannelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          try channel.pipeline.syncOperations.configureHTTPServerPipeline(withErrorHandling: true)
          try channel.pipeline.syncOperations.addHandler(AdminHandler(answer: answer))
        }
      }
    let channel: any Channel
    do {
      channel = try await bootstrap.bind(host: endpoint.host, port: endpoint.port).get()
    } catch {
      throw CannotListen(address: "\(endpoint.host):\(endpoint.port)", reason: "\(error)")
    }
    if let address = channel.localAddress {
      bound(address)
      logger.info("admin listener ready", metadata: ["address": "\(address.endpointText)"])
    }
    await endOfService()
    try? await channel.close().get()
  }
}

/// The admin listener's address cannot be listened on.
struct CannotListen: Error, CustomStringConvertible {
  var address: String
  var reason: String

  var description: String { "the admin listener cannot listen on \(address): \(reason)" }
}

/// Answers one request after another on a connection of the admin listener.
private final class AdminHandler: ChannelInboundHandler {
  typealias InboundIn = HTTPServerRequestPart
  typealias OutboundOut = HTTPServerResponsePart

  /// Longest time a connection may say nothing.
  private static let idleTimeout = TimeAmount.seconds(30)

  private let answer: @Sendable (_ path: String) -> AdminListener.Answer?
  private var head: HTTPRequestHead?
  private var idleTimer: Scheduled<Void>?

  init(answer: @escaping @Sendable (_ path: String) -> AdminListener.Answer?) { self.answer = answer }

  func channelActive(context: ChannelHandlerContext) {
    armTimer(context)
    context.fireChannelActive()
  }

  func channelInactive(context: ChannelHandlerContext) {
    idleTimer?.cancel()
    context.fireChannelInactive()
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    switch unwrapInboundIn(data) {
    case .head(let head): self.head = head
    case .body: break
    case .end:
      guard let head else { return }
      self.head = nil
      respond(to: head, context)
      armTimer(context)
    }
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }

  private func armTimer(_ context: ChannelHandlerContext) {
    idleTimer?.cancel()
    let channel = context.channel
    idleTimer = context.eventLoop.scheduleTask(in: Self.idleTimeout) { channel.close(promise: nil) }
  }

  private func respond(to request: HTTPRequestHead, _ context: ChannelHandlerContext) {
    let path = String(request.uri.prefix { $0 != "?" })
    var answer = self.answer(path) ?? AdminListener.Answer(status: 404, body: "not found\n")
    var headers = HTTPHeaders()
    if request.method != .GET, request.method != .HEAD {
      answer = AdminListener.Answer(status: 405, body: "method not allowed\n")
      headers.add(name: "allow", value: "GET, HEAD")
    }
    headers.add(name: "content-type", value: answer.contentType)
    headers.add(name: "content-length", value: String(answer.body.utf8.count))
    headers.add(name: "cache-control", value: "no-store")
    let head = HTTPResponseHead(version: request.version, status: .init(statusCode: answer.status), headers: headers)
    context.write(wrapOutboundOut(.head(head)), promise: nil)
    if request.method != .HEAD {
      context.write(wrapOutboundOut(.body(.byteBuffer(context.channel.allocator.buffer(string: answer.body)))), promise: nil)
    }
    let keepsAlive = request.isKeepAlive
    let channel = context.channel
    context.writeAndFlush(wrapOutboundOut(.end(nil))).whenComplete { _ in
      if !keepsAlive { channel.close(promise: nil) }
    }
  }
}

extension SocketAddress {
  /// "127.0.0.1:7400", "[::1]:7400".
  var endpointText: String {
    ListenAddress(host: ipAddress ?? description, port: port ?? 0).description
  }
}
