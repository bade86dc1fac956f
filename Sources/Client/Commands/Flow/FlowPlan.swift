import HeadgateProto

/// What applying one document would do.
struct FlowPlan: Sendable {
  let document: ConfigurationDocument
  /// The control plane's answer to the dry run.
  let preview: ApplyFlowResponse
  /// The flow as it is; `nil` when it does not exist yet.
  let present: Flow?
  /// Whether there is anything to do.
  let isNeeded: Bool

  /// Asks the control plane what would change.
  ///
  /// - Throws: `CommandFailure` with the places of all faults in the file; `RPCError` otherwise.
  static func make(_ document: ConfigurationDocument, publish: Bool, in session: Session) async throws -> FlowPlan {
    let request = ApplyFlowRequest(
      workspace: session.workspace, definition: document.value.json.bytes, publish: publish, dryRun: true)
    let preview: ApplyFlowResponse
    do {
      preview = try await session.flows.apply(request)
    } catch {
      throw error.faults.isEmpty ? error as any Error : document.placing(error)
    }
    let name = preview.flow?.name ?? document.flowName ?? ""
    let present = preview.created ? nil : try await session.flowIfAny(name)
    return FlowPlan(
      document: document, preview: preview, present: present,
      isNeeded: present.map { !preview.changes.isEmpty || publish && !$0.draftPublished } ?? true)
  }

  var name: String { preview.flow?.name ?? document.flowName ?? "" }

  /// The differences, for people.
  func show(on screen: Screen) throws {
    let changes =
      present == nil && !preview.changes.isEmpty
      ? NewFlowLines.lines(document.value.json, isColoured: screen.isColoured)
      : ChangeLines.lines(preview.changes, isColoured: screen.isColoured)
    if present == nil { try screen.print("new flow \(TerminalText.escaped(name))") }
    if present != nil, isNeeded || !changes.isEmpty { try screen.print("flow \(TerminalText.escaped(name))") }
    if present != nil, changes.isEmpty, isNeeded { try screen.print("  the draft is not published yet") }
    try screen.print(changes.map { "  " + $0 })
  }

  /// Saves, and publishes if asked.
  ///
  /// - Parameter checkingRevision: refuse when the flow was changed since it was compared.
  func carryOut(publish: Bool, checkingRevision: Bool, in session: Session) async throws -> ApplyFlowResponse {
    let request = ApplyFlowRequest(
      workspace: session.workspace, definition: document.value.json.bytes, publish: publish,
      expectedRevision: checkingRevision ? present?.revision ?? 0 : 0)
    do {
      return try await session.flows.apply(request)
    } catch {
      if error.code == .failedPrecondition, checkingRevision {
        throw CommandFailure(
          .failure, "the flow \(name) was changed by someone else in the meantime: \(error.message)",
          advice: "Run the command again to see the differences to what it is now.")
      }
      throw error.faults.isEmpty ? error as any Error : document.placing(error)
    }
  }
}

extension ConfigurationDocument {
  /// The name that the document gives its flow.
  var flowName: String? { value.json["flow"]?.text }
}

extension Session {
  /// A flow; `nil` when there is none of that name.
  func flowIfAny(_ name: String) async throws -> Flow? {
    do {
      return try await flows.get(GetFlowRequest(workspace: workspace, flow: name))
    } catch {
      if error.code == .notFound { return nil }
      throw error
    }
  }

  /// The triggers of a flow with whole URLs; without asking when the flow has none.
  func triggersIfAny(of name: String, _ flow: Flow?) async throws -> [Trigger] {
    guard let flow, !flow.triggers.isEmpty else { return [] }
    let response = try await triggers.list(
      ListTriggersRequest(workspace: workspace, flow: name, pageSize: UInt32(Paging.maximumPage)))
    return response.triggers.map { completed($0) }
  }

  /// The trigger with its whole URL.
  func completed(_ trigger: Trigger) -> Trigger {
    var trigger = trigger
    trigger.url = completeURL(trigger.url)
    return trigger
  }
}
