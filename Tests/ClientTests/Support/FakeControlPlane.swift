import HeadgateProto
import Synchronization

@testable import Client

/// A control plane that answers as a test says and remembers what it was asked.
final class FakeControlPlane: RPCCaller {
  private typealias Handler = @Sendable (any ProtoMessage) async throws -> any ProtoMessage

  /// One message of a stream, or its end.
  enum StreamStep<Message: Sendable>: Sendable {
    case message(Message)
    case failure(RPCError)
    /// Nothing more comes until the caller cancels.
    case silence
  }

  private typealias StreamHandler = @Sendable (any ProtoMessage) -> any Sendable

  private struct State {
    var handlers: [String: Handler] = [:]
    var streams: [String: StreamHandler] = [:]
    var requests: [(method: String, request: any ProtoMessage)] = []
    var options: [CallOptions] = []
  }

  private let state = Mutex(State())

  /// Says how calls of a method are answered; a later answer replaces an earlier one.
  func on<Request, Response>(
    _ method: RPCMethod<Request, Response>, _ answer: @escaping @Sendable (Request) async throws -> Response
  ) {
    state.withLock { state in
      state.handlers[Self.name(method)] = { request in
        guard let request = request as? Request else { throw RPCError(.internal, "another type of request") }
        return try await answer(request)
      }
    }
  }

  /// Says what the streams of a method bring; without a failure or silence at its end a stream ends in good order.
  func on<Request, Response>(
    stream method: RPCMethod<Request, Response>, _ answer: @escaping @Sendable (Request) -> [StreamStep<Response>]
  ) {
    state.withLock { state in
      state.streams[Self.name(method)] = { request in (request as? Request).map(answer) ?? [] }
    }
  }

  /// The requests of a method so far, in order.
  func requests<Request, Response>(of method: RPCMethod<Request, Response>) -> [Request] {
    state.withLock { $0.requests.filter { $0.method == Self.name(method) }.compactMap { $0.request as? Request } }
  }

  /// The options of all calls so far.
  var options: [CallOptions] { state.withLock(\.options) }

  /// Names of the methods called so far, such as "FlowService/Apply".
  var calls: [String] { state.withLock { $0.requests.map(\.method) } }

  private static func name<Request, Response>(_ method: RPCMethod<Request, Response>) -> String {
    "\(method.service.split(separator: ".").last ?? "")/\(method.name)"
  }

  func call<Request, Response>(
    _ method: RPCMethod<Request, Response>, _ request: Request, options: CallOptions
  ) async throws(RPCError) -> Response {
    let name = Self.name(method)
    let handler = state.withLock { state in
      state.requests.append((name, request))
      state.options.append(options)
      return state.handlers[name]
    }
    guard let handler else { throw RPCError(.unimplemented, "\(name) is not faked") }
    do {
      if let response = try await handler(request) as? Response { return response }
    } catch let error as RPCError {
      throw error
    } catch {
      throw RPCError(.internal, "\(error)")
    }
    throw RPCError(.internal, "another type of response")
  }

  func stream<Request, Response>(
    _ method: RPCMethod<Request, Response>, _ request: Request, options: CallOptions
  ) async throws(RPCError) -> ResponseStream<Response> {
    let name = Self.name(method)
    let handler = state.withLock { state in
      state.requests.append((name, request))
      state.options.append(options)
      return state.streams[name]
    }
    guard let steps = handler?(request) as? [StreamStep<Response>] else {
      throw RPCError(.unimplemented, "the stream \(name) is not faked")
    }
    let rest = Mutex(steps[...])
    let isCancelled = Latch()
    return ResponseStream(
      next: { () async throws(RPCError) -> Response? in
        switch rest.withLock({ $0.popFirst() }) {
        case .message(let message): return message
        case .failure(let error): throw error
        case .silence:
          await isCancelled.wait()
          throw RPCError(.cancelled, "the call was cancelled")
        case nil: return nil
        }
      }, cancel: { isCancelled.open() })
  }

  func upload<Request, Response>(
    _ method: RPCMethod<Request, Response>, options: CallOptions,
    _ body: @Sendable (MessageWriter<Request>) async throws -> Void
  ) async throws(RPCError) -> Response {
    throw RPCError(.unimplemented, "streams are not faked")
  }
}
