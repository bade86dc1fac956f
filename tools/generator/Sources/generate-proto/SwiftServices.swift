import SwiftProtobufPluginLibrary

/// Handler protocols, clients and method tables.
enum SwiftServices {
  static func write(_ service: ServiceDescriptor, roles: EnumDescriptor, to source: inout Source) throws {
    let methods = try service.methods.map { try Method($0, roles: roles) }
    let name = Names.prefix(ofPackage: service.file.package) + service.name

    source.line("/// The methods of \(service.fullName).")
    source.block("package enum \(name)Methods {") { source in
      for method in methods {
        source.documentation(method.descriptor)
        source.line("package static let \(Names.quoted(method.name)) = RPCMethod<\(method.request), \(method.response)>(")
        source.line(
          "  service: \"\(service.fullName)\", name: \"\(method.descriptor.name)\", shape: .\(method.shape), roles: [\(method.roles)])"
        )
      }
    }
    source.line()

    source.documentation(service, otherwise: "Implements \(service.fullName).")
    source.block("package protocol \(name)Handler: Sendable {") { source in
      for method in methods {
        source.documentation(method.descriptor)
        source.line("func \(Names.quoted(method.name))(\(method.handlerParameters))\(method.handlerResult)")
      }
    }
    source.line()
    source.block("extension \(name)Handler {") { source in
      source.line("/// What the server registers.")
      source.block("package var methods: [MethodHandler] {") { source in
        source.block("[", close: "]") { source in
          for method in methods { source.line(method.registration(service: name)) }
        }
      }
    }
    source.line()

    source.line("/// Calls \(service.fullName).")
    source.block("package struct \(name)Client<Caller: RPCCaller>: Sendable {") { source in
      source.line("package let caller: Caller")
      source.line()
      source.line("package init(_ caller: Caller) { self.caller = caller }")
      for method in methods {
        source.line()
        source.documentation(method.descriptor)
        method.writeCall(service: name, to: &source)
      }
    }
    source.line()
  }

  /// The table of every method, for the role matrix.
  static func writeTable(_ services: [ServiceDescriptor], to source: inout Source) {
    source.line("/// Every method of every service.")
    source.block("package enum HeadgateMethods {") { source in
      source.line("/// Services in alphabetical order, their methods as declared.")
      source.block(
        "package static let all: [(service: String, method: String, roles: Set<Role>, shape: CallShape)] = [", close: "]"
      ) { source in
        for service in services {
          let table = Names.prefix(ofPackage: service.file.package) + service.name + "Methods"
          for method in service.methods { source.line("row(\(table).\(Names.swiftFunction(method))),") }
        }
      }
      source.line()
      source.block(
        "private static func row<Request, Response>(_ method: RPCMethod<Request, Response>) -> (service: String, method: String, roles: Set<Role>, shape: CallShape) {"
      ) { source in
        source.line("(method.service, method.name, method.roles, method.shape)")
      }
    }
  }
}

/// One method on its way into Swift.
private struct Method {
  let descriptor: MethodDescriptor
  let name: String
  let request: String
  let response: String
  let shape: String
  let roles: String
  let isDirect: Bool

  init(_ descriptor: MethodDescriptor, roles enumeration: EnumDescriptor) throws {
    self.descriptor = descriptor
    name = Names.swiftFunction(descriptor)
    request = Names.swiftType(descriptor.inputType)
    response = Names.swiftType(descriptor.outputType)
    switch (descriptor.clientStreaming, descriptor.serverStreaming) {
    case (false, false): shape = "unary"
    case (false, true): shape = "serverStream"
    case (true, false): shape = "clientStream"
    case (true, true): throw Failure("\(descriptor.fullName): streams in both directions are not supported")
    }
    isDirect = MethodOptions.isDirect(descriptor)
    if isDirect && shape != "unary" { throw Failure("\(descriptor.fullName): only a unary method can be direct") }
    roles = try MethodOptions.roles(of: descriptor).map { number in
      guard let value = enumeration.values.first(where: { $0.number == number }) else {
        throw Failure("\(descriptor.fullName): there is no role \(number)")
      }
      return "." + (try Names.swiftCase(value, of: enumeration))
    }.joined(separator: ", ")
  }

  var handlerParameters: String {
    switch shape {
    case "serverStream": "_ request: \(request), context: CallContext, writer: MessageWriter<\(response)>"
    case "clientStream": "_ requests: RequestStream<\(request)>, context: CallContext"
    default: "_ request: \(request), context: CallContext" + (isDirect ? ", reply: Reply<\(response)>" : "")
    }
  }

  var handlerResult: String {
    if isDirect { return "" }
    return shape == "serverStream" ? " async throws" : " async throws -> \(response)"
  }

  func registration(service: String) -> String {
    let method = "\(service)Methods.\(name)"
    if isDirect { return "MethodHandler(direct: \(method)) { self.\(name)($0, context: $1, reply: $2) }," }
    if shape == "serverStream" {
      return "MethodHandler(serverStream: \(method)) { try await self.\(name)($0, context: $1, writer: $2) },"
    }
    return "MethodHandler(\(shape): \(method)) { try await self.\(name)($0, context: $1) },"
  }

  func writeCall(service: String, to source: inout Source) {
    let method = "\(service)Methods.\(name)"
    switch shape {
    case "serverStream":
      source.block(
        "package func \(Names.quoted(name))(_ request: \(request), options: CallOptions = CallOptions()) async throws(RPCError) -> ResponseStream<\(response)> {"
      ) { $0.line("try await caller.stream(\(method), request, options: options)") }
    case "clientStream":
      source.block("package func \(Names.quoted(name))(", close: ") async throws(RPCError) -> \(response) {") {
        $0.line("options: CallOptions = CallOptions(), _ body: @Sendable (MessageWriter<\(request)>) async throws -> Void")
      }
      source.line("  try await caller.upload(\(method), options: options, body)")
      source.line("}")
    default:
      source.block(
        "package func \(Names.quoted(name))(_ request: \(request), options: CallOptions = CallOptions()) async throws(RPCError) -> \(response) {"
      ) { $0.line("try await caller.call(\(method), request, options: options)") }
    }
  }
}
