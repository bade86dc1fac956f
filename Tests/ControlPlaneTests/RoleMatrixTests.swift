import HeadgateProto
import RPC
import Testing

@testable import ControlPlane

@Suite("roles")
struct RoleMatrixTests {
  private static let roles: [Role] = [.edge, .admin, .operator, .reader, .worker]

  /// A method of the table, called by its names with an empty request: what matters is whether the caller gets that far.
  private static func call(_ row: (service: String, method: String, roles: Set<Role>, shape: CallShape), _ pair: InProcessPair)
    async throws -> RPCError?
  {
    let method = RPCMethod<ListWorkspacesRequest, DeleteFlowResponse>(
      service: row.service, name: row.method, shape: row.shape, roles: row.roles)
    let options = CallOptions(timeout: .seconds(20))
    return try await failure {
      switch row.shape {
      case .unary: _ = try await pair.call(method, ListWorkspacesRequest(), options: options)
      case .serverStream:
        let stream = try await pair.stream(method, ListWorkspacesRequest(), options: CallOptions(timeout: .milliseconds(300)))
        _ = try await stream.next()
      case .clientStream: _ = try await pair.upload(method, options: options) { _ in }
      }
    }
  }

  @Test("each role may call exactly the methods that the proto files give it")
  func matrix() async throws {
    try await withControlPlane { fixture in
      for role in Self.roles {
        let pair = try fixture.caller(role)
        for row in HeadgateMethods.all {
          let error = try await Self.call(row, pair)
          let isAllowed = row.roles.contains(role) || row.roles.contains(.anyone)
          #expect(
            (error?.code == .permissionDenied) == !isAllowed,
            "\(role) → \(row.service)/\(row.method): \(String(describing: error))")
          #expect(error?.code != .unimplemented, "\(row.service)/\(row.method) has no handler")
          #expect(error?.code != .internal, "\(row.service)/\(row.method): \(String(describing: error))")
        }
        await pair.shutdown()
      }
    }
  }

  @Test("without a role nothing but the session can be called")
  func nobody() async throws {
    try await withControlPlane { fixture in
      let pair = try fixture.caller()
      for row in HeadgateMethods.all where !row.roles.contains(.anyone) {
        #expect(try await Self.call(row, pair)?.code == .unauthenticated, "\(row.service)/\(row.method)")
      }
    }
  }

  @Test("no method but the session's is open to everyone, and secrets are the administrator's")
  func table() {
    for row in HeadgateMethods.all {
      #expect(!row.roles.isEmpty)
      #expect(row.roles.contains(.anyone) == (row.service == "headgate.v1.SessionService"))
    }
    for method in ["Reveal", "Rotate"] {
      let row = HeadgateMethods.all.first { $0.service == "headgate.v1.TriggerService" && $0.method == method }
      #expect(row?.roles == [.admin])
    }
  }
}
