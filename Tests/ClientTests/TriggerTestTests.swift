import HeadgateProto
import NIOCore
import NIOHTTP1
import NIOPosix
import Testing

@testable import Client

@Suite("headgate trigger test")
struct TriggerTestTests {
  private static func control() -> FakeControlPlane {
    let control = FakeControlPlane()
    control.on(TriggerServiceMethods.get) { _ in Trigger(id: "0190", flow: "orders", node: "hook", url: "/w/wh_key") }
    control.on(TriggerServiceMethods.signSample) { request in
      SignSampleResponse(
        method: Array("POST".utf8), target: Array("/w/wh_key".utf8) + request.path,
        headers: request.headers + [Header(name: Array("x-signature".utf8), value: Array("abc".utf8))], body: request.body)
    }
    control.on(LogServiceMethods.get) { _ in LogsCommandTests.accepted }
    return control
  }

  private static func setting(
    _ control: FakeControlPlane, status: Int = 200, input: String = ""
  ) -> CommandRun.Setting {
    var setting = CommandRun.Setting(control: control, input: input)
    setting.send = { sample, base, _ in
      #expect(base.text == "http://127.0.0.1:8080")
      return HTTPSampleAnswer(
        status: status, body: Array(#"{"id":"01934a5e-0000-7000-8000-000000000000","status":"accepted"}"#.utf8),
        took: .milliseconds(12))
    }
    return setting
  }

  private static let edge = ["--edge", "http://127.0.0.1:8080/"]

  @Test(
    "wrong arguments are named",
    arguments: [
      (["--path", "x"], "--path starts with"), (["--edge", "hooks.example.com"], "--edge is a URL"),
      (["--header", "x"], "--header"),
      (["--sample", "/nowhere/x.json"], "there is no file"), ([], "no edge node is known"),
    ])
  func usage(_ arguments: [String], _ message: String) async {
    let run = await CommandRun.headgate(["trigger", "test", "orders/hook"] + arguments, .init(control: Self.control()))
    #expect(run.status == 2)
    #expect(run.errors.contains(message), "\(run.errors)")
  }

  @Test("the sample is signed and sent, and what became of it is shown")
  func sent() async throws {
    let control = Self.control()
    let body = #"{"event": "order_refunded"}"#
    let run = await CommandRun.headgate(
      ["trigger", "test", "orders/hook", "--sample", "-", "--header", "X-Event: paid", "--path", "/a?b=1", "--method", "put"]
        + Self.edge,
      Self.setting(control, input: body))
    #expect(run.status == 0, "\(run.errors)")
    let asked = try #require(control.requests(of: TriggerServiceMethods.signSample).first)
    #expect(
      asked
        == SignSampleRequest(
          trigger: "orders/hook", method: Array("PUT".utf8), path: Array("/a".utf8), query: Array("b=1".utf8),
          headers: [
            Header(name: Array("x-event".utf8), value: Array("paid".utf8)),
            Header(name: Array("content-type".utf8), value: Array("application/json".utf8)),
          ], body: Array(body.utf8), baseUrl: Array("http://127.0.0.1:8080".utf8)))
    #expect(run.output.hasPrefix("answered 200 in 12ms\n"))
    for text in ["order_refunded", "leads to the node other", "variables of orders/other", "\"amount\": 0.10"] {
      #expect(run.output.contains(text), "\(text)")
    }
  }

  @Test("an answer that is not 2xx is exit status 1; scripts get everything")
  func refused() async throws {
    let control = Self.control()
    control.on(LogServiceMethods.get) { _ in LogsCommandTests.rejected }
    let run = await CommandRun.headgate(
      ["trigger", "test", "orders/hook", "--content-type", "text/plain", "-o", "json"] + Self.edge,
      Self.setting(control, status: 401))
    #expect(run.status == 1)
    let json = try JSONReader.read(Array(run.output.utf8)).json
    #expect(json["answer"]?["status"]?.compact == "401")
    #expect(json["request"]?["cause"]?.text == "signature_wrong")
  }

  @Test("an edge node that does not answer is named")
  func unreachable() async {
    let run = await CommandRun.headgate(
      ["trigger", "test", "orders/hook", "--edge", "http://127.0.0.1:1"], .init(control: Self.control()))
    #expect(run.status == 5)
    #expect(run.errors.contains("http://127.0.0.1:1"))
  }

  @Test(
    "base URLs",
    arguments: [
      ("http://127.0.0.1:8080/", "127.0.0.1", 8080, "127.0.0.1:8080"),
      ("https://hooks.example.com", "hooks.example.com", 443, "hooks.example.com"),
      ("http://[::1]:80", "::1", 80, "[::1]"), ("https://[::1]", "::1", 443, "[::1]"),
    ])
  func bases(_ text: String, _ host: String, _ port: Int, _ authority: String) throws {
    let base = try #require(EdgeBase(text))
    #expect((base.host, base.port, base.authority) == (host, port, authority))
  }

  @Test(
    "what is no base URL",
    arguments: ["", "x", "ftp://a", "http://", "http://a/b", "http://a:", "http://a:99999", "http://a b", "http://u@h"])
  func noBases(_ text: String) { #expect(EdgeBase(text) == nil) }

  @Test("the request goes out as it was signed, and the answer comes back whole")
  func overHTTP() async throws {
    let server = try await EchoServer.start()
    defer { server.channel.close(promise: nil) }
    let sample = HTTPSample(
      method: "POST", target: "/w/key?a=1", headers: [Header(name: Array("x-signature".utf8), value: Array("abc".utf8))],
      body: Array(repeating: 0x61, count: 200_000))
    let base = try #require(EdgeBase("http://127.0.0.1:\(server.port)"))
    let answer = try await HTTPSampleSender.send(sample, to: base, timeout: .seconds(20))
    #expect(answer.status == 202)
    #expect(String(decoding: answer.body, as: UTF8.self) == "POST /w/key?a=1 127.0.0.1:\(server.port) abc 200000 200000")
    #expect(answer.header("content-type") == "text/plain")
    var empty = sample
    (empty.method, empty.body) = ("GET", [])
    #expect(
      String(decoding: try await HTTPSampleSender.send(empty, to: base, timeout: .seconds(20)).body, as: UTF8.self).hasSuffix(
        "- 0"))
  }
}

/// Answers with what it got.
private struct EchoServer {
  let channel: any Channel

  var port: Int { channel.localAddress?.port ?? 0 }

  static func start() async throws -> EchoServer {
    let channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
      .childChannelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          try channel.pipeline.syncOperations.configureHTTPServerPipeline()
          try channel.pipeline.syncOperations.addHandler(Handler())
        }
      }
      .bind(host: "127.0.0.1", port: 0).get()
    return EchoServer(channel: channel)
  }

  private final class Handler: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    private var head: HTTPRequestHead?
    private var count = 0

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
      switch unwrapInboundIn(data) {
      case .head(let head): self.head = head
      case .body(let part): count += part.readableBytes
      case .end:
        guard let head else { return }
        let text = [
          head.method.rawValue, head.uri, head.headers.first(name: "host") ?? "-", head.headers.first(name: "x-signature") ?? "-",
          head.headers.first(name: "content-length") ?? "-", "\(count)",
        ].joined(separator: " ")
        let headers: HTTPHeaders = ["content-type": "text/plain", "content-length": "\(text.utf8.count)"]
        context.write(
          wrapOutboundOut(.head(HTTPResponseHead(version: .http1_1, status: .accepted, headers: headers))), promise: nil)
        context.write(wrapOutboundOut(.body(.byteBuffer(ByteBuffer(string: text)))), promise: nil)
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
      }
    }
  }
}
