import HeadgateProto

@testable import RPC

extension Principal {
  static let testAdmin = Principal(name: "admin", roles: [.admin])
}

/// A method that answers at once, from a task.
enum Echo {
  static let method = RPCMethod<ListFlowsRequest, ListFlowsResponse>(
    service: "test.Echo", name: "Echo", shape: .unary, roles: [.admin])

  static let handler = MethodHandler(
    service: method.service, name: method.name, roles: method.roles,
    body: .unary { payload, _ in
      let request = try ListFlowsRequest(decoding: payload)
      return EncodedMessage(ListFlowsResponse(nextCursor: request.cursor))
    })
}
