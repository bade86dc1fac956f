import HeadgateProto
import Synchronization

/// A control plane that answers as a test says and remembers what it was asked.
final class FakeControlPlane: RPCCaller {
  private typealias Handler = @Sendable (any ProtoMessage) async throws -> any ProtoMessage

  private struct State {
    var handlers: [String: Handler] = [:]
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
    throw RPCError(.unimplemented, "streams are not faked")
  }

  func upload<Request, Response>(
    _ method: RPCMethod<Request, Response>, options: CallOptions,
    _ body: @Sendable (MessageWriter<Request>) async throws -> Void
  ) async throws(RPCError) -> Response {
    throw RPCError(.unimplemented, "streams are not faked")
  }
}
