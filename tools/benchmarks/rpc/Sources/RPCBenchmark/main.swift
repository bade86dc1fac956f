// Unary calls per second over one connection. See tools/benchmarks/rpc/run.
import HeadgateProto
import Logging
import NIOCore
import NIOPosix
import RPC
import Synchronization

let usage = """
  usage: RPCBenchmark server PORT [CERTIFICATES]
         RPCBenchmark client PORT submit|async [CERTIFICATES]
  CERTIFICATES: a directory with ca.pem, control.pem, control.key, edge.pem, edge.key; without it there is no TLS.
  """

let callers = 64
let requestBytes = 1800
let seconds = 4
let logger = Logger(label: "benchmark", factory: { _ in SwiftLogNoOpLogHandler() })

func fail(_ message: String) -> Never {
  print(message)
  exitProcess(2)
}

func material(_ directory: String, _ name: String) throws -> TLSMaterial {
  try TLSMaterial(
    certificate: "\(directory)/\(name).pem", key: "\(directory)/\(name).key", authority: "\(directory)/ca.pem")
}

let arguments = CommandLine.arguments
guard arguments.count >= 3, let port = Int(arguments[2]) else { fail(usage) }

switch arguments[1] {
case "server":
  let transport: RPCServer.Configuration.Transport
  if arguments.count > 3 {
    transport = .tls(try material(arguments[3], "control"))
  } else {
    transport = .plaintext(principal: Principal(name: "benchmark", roles: [.edge]))
  }
  let handler = MethodHandler(
    service: IngestServiceMethods.submit.service, name: IngestServiceMethods.submit.name, roles: [.edge],
    body: .direct { payload, _, reply in
      do {
        let request = try SubmitRequest(decoding: payload)
        reply(.success(EncodedMessage(SubmitResponse(body: Array(request.body.prefix(16))))))
      } catch {
        reply(.failure(RPCError(.invalidArgument, "not a SubmitRequest")))
      }
    })
  let server = try RPCServer(
    configuration: .init(host: "127.0.0.1", port: port, transport: transport), handlers: [handler], logger: logger,
    eventLoops: MultiThreadedEventLoopGroup(numberOfThreads: 1))
  try await server.start()
  print("listening")
  try await Task.sleep(for: .seconds(3600))
case "client":
  guard arguments.count > 3 else { fail(usage) }
  var configuration = RPCClient.Configuration(
    endpoints: [RPCEndpoint(host: "127.0.0.1", port: port)],
    transport: arguments.count > 4 ? .tls(try material(arguments[4], "edge"), serverName: nil) : .plaintext)
  let loop = MultiThreadedEventLoopGroup(numberOfThreads: 1).next()
  configuration.eventLoops = [loop]
  let client = try await RPCClient.connect(configuration, logger: logger)
  let request = SubmitRequest(body: [UInt8](repeating: 120, count: requestBytes))
  let calls =
    arguments[3] == "async"
    ? await measureTasks(client, request) : try await measureCallbacks(client, request, on: loop)
  print("\(calls / seconds) calls/s")
  await client.shutdown()
default: fail(usage)
}

/// 64 tasks, each of which waits for its answer before the next call.
func measureTasks(_ client: RPCClient, _ request: SubmitRequest) async -> Int {
  let end = ContinuousClock.now + .seconds(seconds)
  return await withTaskGroup(of: Int.self) { group in
    for _ in 0..<callers {
      group.addTask {
        var calls = 0
        while ContinuousClock.now < end {
          guard let answer = try? await client.call(IngestServiceMethods.submit, request, options: CallOptions()),
            answer.body.count == 16
          else { fail("a call failed") }
          calls += 1
        }
        return calls
      }
    }
    return await group.reduce(0, +)
  }
}

/// 64 callers on the event loop, each of which makes its next call when it has its answer.
func measureCallbacks(_ client: RPCClient, _ request: SubmitRequest, on loop: any EventLoop) async throws -> Int {
  let end = NIODeadline.now() + .seconds(Int64(seconds))
  return try await loop.flatSubmit {
    let done = loop.makePromise(of: Int.self)
    let run = CallbackRun(client: client, request: request, loop: loop, end: end, done: done)
    for _ in 0..<callers { run.call() }
    return done.futureResult
  }.get()
}

/// Lives on the event loop.
final class CallbackRun {
  let client: RPCClient
  let request: SubmitRequest
  let loop: any EventLoop
  let end: NIODeadline
  let done: EventLoopPromise<Int>
  var calls = 0
  var active = callers

  init(client: RPCClient, request: SubmitRequest, loop: any EventLoop, end: NIODeadline, done: EventLoopPromise<Int>) {
    self.client = client
    self.request = request
    self.loop = loop
    self.end = end
    self.done = done
  }

  func call() {
    client.submit(IngestServiceMethods.submit, request, timeout: .seconds(8), on: loop) { result in
      guard case .success(let answer) = result, answer.body.count == 16 else { fail("a call failed") }
      self.calls += 1
      if NIODeadline.now() < self.end { return self.call() }
      self.active -= 1
      if self.active == 0 { self.done.succeed(self.calls) }
    }
  }
}
