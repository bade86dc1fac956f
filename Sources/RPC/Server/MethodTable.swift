import CoreMetrics
import HeadgateProto
import NIOCore

/// A method as the server calls it.
final class RegisteredMethod: Sendable {
  /// Who implements it.
  enum Kind: Sendable {
    case handler
    /// SessionService.Hello: the connection itself.
    case hello
    /// SessionService.Authenticate: the connection itself.
    case authenticate
  }

  let handler: MethodHandler
  let kind: Kind
  let roles: RoleMask
  /// "headgate.v1.FlowService/Apply".
  let fullName: String
  let metrics: MethodMetrics

  init(_ handler: MethodHandler, kind: Kind = .handler) {
    self.handler = handler
    self.kind = kind
    roles = RoleMask(handler.roles)
    fullName = handler.service + "/" + handler.name
    let isDirect = if case .direct = handler.body { true } else { false }
    metrics = MethodMetrics(method: fullName, isHot: isDirect)
  }

  /// Many messages flow in one direction.
  var isStream: Bool {
    switch handler.body {
    case .direct, .unary: false
    case .serverStream, .clientStream: true
    }
  }
}

/// Finds methods by the names in a request.
struct MethodTable: Sendable {
  private struct Name: Hashable {
    var service: String
    var method: String
  }

  private let methods: [Name: RegisteredMethod]

  /// - Throws: `duplicateMethod`.
  init(_ handlers: [MethodHandler]) throws(RPCServerError) {
    var methods: [Name: RegisteredMethod] = [:]
    for method in Self.sessionMethods + handlers.map({ RegisteredMethod($0) }) {
      let name = Name(service: method.handler.service, method: method.handler.name)
      guard methods.updateValue(method, forKey: name) == nil else { throw .duplicateMethod(method.fullName) }
    }
    self.methods = methods
  }

  /// SessionService, which every connection answers itself.
  private static var sessionMethods: [RegisteredMethod] {
    func method<Request, Response>(_ method: RPCMethod<Request, Response>, _ kind: RegisteredMethod.Kind) -> RegisteredMethod {
      // The body is never called: the connection looks at the kind first.
      let handler = MethodHandler(
        service: method.service, name: method.name, roles: method.roles,
        body: .unary { _, _ in
          throw RPCError(.unimplemented, "SessionService belongs to the connection")
        })
      return RegisteredMethod(handler, kind: kind)
    }
    return [method(SessionServiceMethods.hello, .hello), method(SessionServiceMethods.authenticate, .authenticate)]
  }

  /// The method that the request names.
  func method(for request: ReceivedRequest) -> RegisteredMethod? {
    methods[Name(service: request.service, method: request.method)]
  }
}
