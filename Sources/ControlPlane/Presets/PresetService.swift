package import HeadgateProto

/// `PresetService`: what is known of providers' webhooks. The same for every workspace.
package struct PresetService: PresetServiceHandler {
  /// By id.
  private let presets: [PresetInfo]

  /// - Parameter presets: in any order.
  package init(presets: [PresetInfo]) {
    self.presets = presets.sorted { $0.id < $1.id }
  }

  package func list(_ request: ListPresetsRequest, context: CallContext) async throws -> ListPresetsResponse {
    ListPresetsResponse(presets: presets)
  }

  package func get(_ request: GetPresetRequest, context: CallContext) async throws -> PresetInfo {
    var checks = RequestChecks()
    checks.required(request.id, "id")
    try checks.finish()
    guard let preset = presets.first(where: { $0.id == request.id }) else {
      throw RPCError(.notFound, "there is no preset \(request.id)")
    }
    return preset
  }
}
