import Addresses
import HeadgateProto
import Logging
import Metrics
import NIOCore
import NIOEmbedded

@testable import Edge

/// A connection without a socket, on a hand clock.
final class EmbeddedCaller {
  let channel: EmbeddedChannel
  let core: EdgeCore
  let forwarder: ScriptedForwarder
  let reads = ReadCounter()

  init(
    _ forwarder: ScriptedForwarder = ScriptedForwarder(), peer: String = "198.51.100.7", port: EdgeServer.Port = .callers,
    isTLS: Bool = false,
    _ configure: (inout EdgeCore.Options) -> Void = { _ in }
  ) throws {
    var options = EdgeCore.Options()
    configure(&options)
    self.forwarder = forwarder
    core = EdgeCore(
      options: options, forwarder: forwarder, metrics: EdgeMetrics(factory: NOOPMetricsHandler.instance),
      logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }, renderMetrics: { "a_metric 1\n" })
    channel = EmbeddedChannel(loop: EmbeddedEventLoop())
    let connection = HTTPConnection(
      core: core, scope: EventLoopScope(), peer: IPAddress(peer) ?? .loopback, isTLS: isTLS, port: port,
      openedAt: channel.eventLoop.now)
    try channel.pipeline.syncOperations.addHandlers([reads, connection])
    channel.connect(to: try SocketAddress(ipAddress: "127.0.0.1", port: 1), promise: nil)
  }

  /// Sends bytes and returns what is answered to them.
  @discardableResult
  func send(_ bytes: [UInt8], _ arrival: Arrival = .whole) -> String {
    for piece in arrival.pieces(bytes) where channel.isActive { _ = try? channel.writeInbound(piece) }
    return received()
  }

  @discardableResult
  func send(_ text: String, _ arrival: Arrival = .whole) -> String { send(Array(text.utf8), arrival) }

  /// What was answered since the last look.
  func received() -> String {
    var bytes: [UInt8] = []
    while let part = try? channel.readOutbound(as: ByteBuffer.self) { bytes += part.readableBytesView }
    return text(bytes)
  }

  func advance(_ seconds: Double) { channel.embeddedEventLoop.advanceTime(by: .nanoseconds(Int64(seconds * 1e9))) }

  /// The caller closes its side.
  func closeInput() { channel.pipeline.fireUserInboundEventTriggered(ChannelEvent.inputClosed) }

  var isOpen: Bool { channel.isActive }
}

/// Counts how often the socket was asked for bytes.
final class ReadCounter: ChannelOutboundHandler {
  typealias OutboundIn = Never
  private(set) var count = 0

  func read(context: ChannelHandlerContext) {
    count += 1
    context.read()
  }
}

@available(*, unavailable)
extension ReadCounter: Sendable {}

/// The status of each answer in a row of answers.
func statuses(_ answers: String) -> [Int] {
  answers.split(separator: "HTTP/1.1 ", omittingEmptySubsequences: true).compactMap { Int($0.prefix(3)) }
}

/// A key as triggers have it.
let key = "wh_abcdefghijklmnopqrstuvwxyz"

func post(_ path: String = "/w/\(key)", body: String = "{}", _ lines: String = "") -> String {
  "POST \(path) HTTP/1.1\r\nHost: hooks.example.com\r\nContent-Length: \(body.utf8.count)\r\n\(lines)\r\n\(body)"
}
