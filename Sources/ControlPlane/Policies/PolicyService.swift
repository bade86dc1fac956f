package import HeadgateProto

/// `PolicyService`: what edge nodes must know of triggers.
package struct PolicyService: PolicyServiceHandler {
  /// Policies of one message; a policy is some 60 bytes.
  private static let perMessage = 1000

  private let feed: PolicyFeed

  package init(feed: PolicyFeed) { self.feed = feed }

  package func watch(_ request: WatchPolicyRequest, context: CallContext, writer: MessageWriter<PolicyUpdate>) async throws {
    // As of an edge node's requests: it serves every workspace.
    guard context.principal.workspace == nil else {
      throw RPCError(.permissionDenied, "an edge node's credential must not be confined to a workspace")
    }
    try await feed.watch { news in
      switch news {
      case .everything(let policies):
        for message in Self.messages(policies) { try await writer.write(message) }
      case .changes(let policies, let removed):
        var messages = Self.pages(policies).map { PolicyUpdate(triggers: $0) }
        if messages.isEmpty { messages = [PolicyUpdate()] }
        messages[0].removed = removed
        for message in messages { try await writer.write(message) }
      case .ended: throw RPCError(.unavailable, "this control plane is shutting down; watch another")
      }
    }
  }

  /// Everything: the first message resets, the last one completes.
  private static func messages(_ policies: [TriggerPolicy]) -> [PolicyUpdate] {
    var messages = pages(policies).map { PolicyUpdate(triggers: $0) }
    if messages.isEmpty { messages = [PolicyUpdate()] }
    messages[0].reset = true
    messages[messages.count - 1].complete = true
    return messages
  }

  private static func pages(_ policies: [TriggerPolicy]) -> [[TriggerPolicy]] {
    stride(from: 0, to: policies.count, by: perMessage).map { start in
      Array(policies[start..<min(start + perMessage, policies.count)])
    }
  }
}
