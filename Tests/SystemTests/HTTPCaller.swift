import NIOCore
import NIOPosix

/// An answer over HTTP.
struct HTTPAnswer: Equatable {
  /// 0: there was none.
  var status = 0
  /// Lines of the header in lower case.
  var fields: [String] = []
  var body = ""

  init(_ text: String) {
    let parts = text.split(separator: "\r\n\r\n", maxSplits: 1, omittingEmptySubsequences: false)
    let lines = parts[0].split(separator: "\r\n")
    status = lines.first.flatMap { $0.hasPrefix("HTTP/1.1 ") ? Int($0.dropFirst(9).prefix(3)) : nil } ?? 0
    fields = lines.dropFirst().map { $0.lowercased() }
    body = parts.count > 1 ? String(parts[1]) : ""
  }
}

/// A webhook as it is sent.
struct Webhook {
  var method = "POST"
  /// From the key on: "wh_…/path?query".
  var target: String
  var headers: [(String, String)] = [("content-type", "application/json")]
  var body: [UInt8] = []

  init(_ key: String, body: [UInt8] = []) {
    target = key
    self.body = body
  }

  init(_ key: String, _ body: String) { self.init(key, body: Array(body.utf8)) }

  /// The request's bytes; the connection ends with the answer.
  var bytes: [UInt8] {
    var head = "\(method) /w/\(target) HTTP/1.1\r\n"
    let names = Set(headers.map(\.0))
    if !names.contains("host") { head += "host: hooks.example.com\r\n" }
    for (name, value) in headers { head += "\(name): \(value)\r\n" }
    if !body.isEmpty || method == "POST" { head += "content-length: \(body.count)\r\n" }
    return Array("\(head)connection: close\r\n\r\n".utf8) + body
  }
}

/// Sends bytes to a port of 127.0.0.1 and gives what comes back until the other side closes.
enum HTTPCaller {
  private final class Collector: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    private var received = ByteBuffer()
    private let promise: EventLoopPromise<String>

    init(_ promise: EventLoopPromise<String>) { self.promise = promise }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
      var part = unwrapInboundIn(data)
      received.writeBuffer(&part)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }

    func channelInactive(context: ChannelHandlerContext) { promise.succeed(String(buffer: received)) }
  }

  static func send(_ bytes: [UInt8], to port: Int) async throws -> HTTPAnswer {
    try await send([bytes], to: port)
  }

  /// Sends pieces one after the other, as fast as they are taken, for as long as the other side listens.
  static func send(_ pieces: some Sequence<[UInt8]>, to port: Int) async throws -> HTTPAnswer {
    let loop = MultiThreadedEventLoopGroup.singleton.next()
    let promise = loop.makePromise(of: String.self)
    let channel = try await ClientBootstrap(group: loop)
      .channelInitializer { channel in
        channel.eventLoop.makeCompletedFuture { try channel.pipeline.syncOperations.addHandler(Collector(promise)) }
      }.connect(host: "127.0.0.1", port: port).get()
    for piece in pieces {
      do { try await channel.writeAndFlush(ByteBuffer(bytes: piece)) } catch { break }
    }
    return HTTPAnswer(try await promise.futureResult.get())
  }
}
