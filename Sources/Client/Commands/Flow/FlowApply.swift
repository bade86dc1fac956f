import ArgumentParser
import HeadgateProto

/// `headgate flow apply`.
struct FlowApply: ClientCommand {
  static let configuration = CommandConfiguration(
    commandName: "apply",
    abstract: "Create or change flows as files say, and publish them.",
    discussion: """
      Shows what would change, asks (on a terminal), saves and publishes. Applying the same file again changes nothing. \
      A YAML file may hold several flows, separated by ---. When any of them has a fault, nothing is changed and every \
      fault is listed with its place.

      Example: headgate flow apply -f orders.yaml
      Example: generate-flow | headgate flow apply -f - --output json
      """)

  @Option(
    name: [.short, .customLong("file")],
    help: ArgumentHelp("File in YAML or JSON, - for standard input; may be given several times.", valueName: "file"),
    completion: .file(extensions: ["yaml", "yml", "json"]))
  var files: [String]

  @Flag(name: .shortAndLong, help: "Do not ask.")
  var yes = false

  @Flag(help: "Save the draft only; requests keep meeting the published version.")
  var draft = false

  @Flag(help: "Only show what would change.")
  var dryRun = false

  @OptionGroup(title: "Global options") var global: GlobalOptions

  func run(_ session: Session, _ screen: Screen) async throws {
    let documents = try readDocuments(screen.environment)
    var plans: [FlowPlan] = []
    var faults: [PlacedFault] = []
    for document in documents {
      do {
        plans.append(try await FlowPlan.make(document, publish: !draft, in: session))
      } catch let failure as CommandFailure where failure.status == .invalid && !failure.faults.isEmpty {
        faults += failure.faults
      }
    }
    guard faults.isEmpty else {
      let count = faults.count == 1 ? "1 fault" : "\(faults.count) faults"
      throw CommandFailure(.invalid, "\(count) in the configuration; nothing was changed", faults: faults)
    }
    let mayAsk = !yes && !dryRun && screen.canAsk && !files.contains("-")
    if screen.format == .table { for plan in plans { try plan.show(on: screen) } }
    if mayAsk, plans.contains(where: \.isNeeded) {
      guard try screen.confirm(draft ? "Save?" : "Apply and publish?") else {
        throw CommandFailure(.failure, "not applied")
      }
    }
    var results: [JSONValue] = []
    for plan in plans {
      let response =
        dryRun || !plan.isNeeded
        ? plan.preview : try await plan.carryOut(publish: !draft, checkingRevision: mayAsk, in: session)
      let triggers = try await session.triggersIfAny(of: plan.name, dryRun ? nil : response.flow)
      for warning in response.warnings { screen.warn(warning) }
      switch screen.format {
      case .json: results.append(json(response, triggers, isNeeded: plan.isNeeded))
      case .table where !dryRun: try report(response, plan, triggers, on: screen)
      case .table: break
      }
    }
    if screen.format == .json { try screen.print(["flows": .array(results)]) }
  }

  private func readDocuments(_ environment: ClientEnvironment) throws -> [ConfigurationDocument] {
    var documents: [ConfigurationDocument] = []
    for file in files {
      let bytes = try FileReading.bytes(of: file, in: environment)
      documents += try ConfigurationDocument.read(bytes, file: file)
    }
    var places: [String: String] = [:]
    for document in documents {
      guard case .object = document.value.content else {
        throw CommandFailure(
          .invalid, "\(document.file):\(document.value.position): a flow is an object with \"flow\" and \"nodes\"")
      }
      guard let name = document.flowName else { continue }
      let place = "\(document.file):\(document.value.position)"
      if let other = places.updateValue(place, forKey: name) {
        throw CommandFailure(.invalid, "the flow \"\(name)\" occurs twice, at \(other) and at \(place)")
      }
    }
    return documents
  }

  private func report(_ response: ApplyFlowResponse, _ plan: FlowPlan, _ triggers: [Trigger], on screen: Screen) throws {
    guard plan.isNeeded else {
      try screen.print("\(TerminalText.escaped(plan.name)): no changes")
      return
    }
    let flow = response.flow ?? Flow()
    let verb = response.created ? "created" : response.changes.isEmpty ? "unchanged" : "changed"
    let published = response.published ? ", published as version \(flow.publishedVersion)" : draft ? ", draft saved" : ""
    try screen.print("\(TerminalText.escaped(flow.name)): \(verb)\(published)")
    for trigger in triggers {
      try screen.print("  \(TerminalText.escaped(trigger.node))  \(TerminalText.escaped(trigger.url))")
    }
    for name in response.generatedSecrets {
      let shown = TerminalText.escaped(name.contains("/") ? name : "\(flow.name)/\(name)")
      try screen.print("  a secret was generated; show it with: headgate trigger reveal \(shown)")
    }
    if response.created, response.published, let trigger = triggers.first(where: { $0.source.isEmpty }) {
      try screen.print("  try it with: headgate trigger test \(TerminalText.escaped("\(trigger.flow)/\(trigger.node)"))")
    }
  }

  private func json(_ response: ApplyFlowResponse, _ triggers: [Trigger], isNeeded: Bool) -> JSONValue {
    let flow = response.flow ?? Flow()
    return [
      "flow": .string(flow.name),
      "revision": .integer(flow.revision),
      "published_version": flow.publishedVersion == 0 ? .null : .integer(flow.publishedVersion),
      "created": .bool(response.created),
      "published": .bool(response.published && !dryRun),
      "applied": .bool(isNeeded && !dryRun),
      "changes": .array(
        response.changes.map {
          ["path": .string($0.path), "before": .embedded($0.before), "after": .embedded($0.after)]
        }),
      "generated_secrets": .array(response.generatedSecrets.map { .string($0) }),
      "warnings": .array(response.warnings.map { .string($0) }),
      "triggers": .array(
        triggers.map { ["node": .string($0.node), "key": .string($0.key), "url": .string($0.url), "enabled": .bool($0.enabled)] }),
    ]
  }
}
