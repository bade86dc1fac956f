import HeadgateProto
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL

/// Sends one request over HTTP/1.1 on a connection of its own.
enum HTTPSampleSender {
  /// Fields that this sender sets itself.
  private static let framing: Set<String> = ["host", "connection", "content-length", "transfer-encoding"]
  /// The longest answer.
  fileprivate static let answerLimit = 4 << 20

  /// - Throws: `CommandFailure` when there is no answer.
  static func send(_ sample: HTTPSample, to base: EdgeBase, timeout: Duration) async throws -> HTTPSampleAnswer {
    let start = ContinuousClock.now
    let group = MultiThreadedEventLoopGroup.singleton
    let answer = group.next().makePromise(of: HTTPSampleAnswer.self)
    let limit = TimeAmount.nanoseconds(timeout.microseconds * 1000)
    let tls = base.isTLS ? try NIOSSLContext(configuration: .makeClientConfiguration()) : nil
    do {
      let channel = try await ClientBootstrap(group: group)
        .connectTimeout(limit)
        .channelInitializer { channel in
          channel.eventLoop.makeCompletedFuture {
            let pipeline = channel.pipeline.syncOperations
            if let tls {
              // A name for SNI is none that is an address (RFC 6066 §3).
              let isAddress = (try? SocketAddress(ipAddress: base.host, port: 0)) != nil
              try pipeline.addHandler(NIOSSLClientHandler(context: tls, serverHostname: isAddress ? nil : base.host))
            }
            try pipeline.addHTTPClientHandlers()
            try pipeline.addHandler(AnswerCollector(answer))
          }
        }
        .connect(host: base.host, port: base.port).get()
      channel.eventLoop.scheduleTask(in: limit) { answer.fail(ChannelError.connectTimeout(limit)) }
      var head = HTTPRequestHead(version: .http1_1, method: HTTPMethod(rawValue: sample.method), uri: sample.target)
      head.headers.add(name: "host", value: base.authority)
      for field in sample.headers {
        let name = String(decoding: field.name, as: UTF8.self)
        guard !framing.contains(name.lowercased()) else { continue }
        head.headers.add(name: name, value: String(decoding: field.value, as: UTF8.self))
      }
      if !sample.body.isEmpty || !["GET", "HEAD", "DELETE"].contains(sample.method) {
        head.headers.replaceOrAdd(name: "content-length", value: String(sample.body.count))
      }
      head.headers.replaceOrAdd(name: "connection", value: "close")
      channel.write(HTTPClientRequestPart.head(head), promise: nil)
      if !sample.body.isEmpty {
        channel.write(HTTPClientRequestPart.body(.byteBuffer(ByteBuffer(bytes: sample.body))), promise: nil)
      }
      channel.writeAndFlush(HTTPClientRequestPart.end(nil), promise: nil)
      var received = try await answer.futureResult.get()
      received.took = .now - start
      channel.close(promise: nil)
      return received
    } catch {
      answer.fail(error)
      throw CommandFailure(
        .unreachable, "the edge node at \(base.text) gave no answer: \(reason(error))",
        advice: "Its address comes from client.json; name another with --edge URL.")
    }
  }
}

extension HTTPSampleSender {
  /// What went wrong, for people.
  private static func reason(_ error: any Error) -> String {
    switch error {
    case let error as NIOConnectionError:
      if let failure = error.connectionErrors.first { return reason(failure.error) }
      return "the host \(error.host) is not known"
    case let error as IOError: return errorText(error.errnoCode)
    case ChannelError.connectTimeout: return "the time is over"
    case ChannelError.eof: return "the connection was closed"
    default: return "\(error)"
    }
  }
}

/// Gathers the parts of one answer.
private final class AnswerCollector: ChannelInboundHandler {
  typealias InboundIn = HTTPClientResponsePart

  private let promise: EventLoopPromise<HTTPSampleAnswer>
  private var answer = HTTPSampleAnswer(status: 0)

  init(_ promise: EventLoopPromise<HTTPSampleAnswer>) { self.promise = promise }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    switch unwrapInboundIn(data) {
    case .head(let head):
      // 100 Continue and the like come before the answer.
      guard head.status.code >= 200 else { return }
      answer.status = Int(head.status.code)
      answer.headers = head.headers.map { Header(name: Array($0.name.utf8), value: Array($0.value.utf8)) }
    case .body(let part):
      answer.body += Array(part.readableBytesView)
      if answer.body.count > HTTPSampleSender.answerLimit { promise.fail(ByteToMessageDecoderError.PayloadTooLargeError()) }
    case .end: if answer.status > 0 { promise.succeed(answer) }
    }
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    promise.fail(error)
    context.close(promise: nil)
  }

  func channelInactive(context: ChannelHandlerContext) { promise.fail(ChannelError.eof) }
}
