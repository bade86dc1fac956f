import ArgumentParser
import HeadgateProto

/// `headgate flow show`.
struct FlowShow: FlowClientCommand {
  static let configuration = CommandConfiguration(
    commandName: "show",
    abstract: "Show a flow: its state and its definition.",
    discussion: """
      The definition is the draft, without secrets; --version published shows what requests meet, --version 3 what they \
      met while that version was the published one.

      Example: headgate flow show orders --yaml > orders.yaml
      """)

  @Argument(help: "Name or id of the flow.")
  var flow: String

  @Option(help: ArgumentHelp("Which definition: draft, published, or the number of a version.", valueName: "version"))
  var version = "draft"

  @Flag(help: "The definition alone, as a file that flow apply takes.")
  var yaml = false

  @OptionGroup(title: "Global options") var global: GlobalOptions

  mutating func validate() throws {
    guard version == "draft" || version == "published" || UInt32(version).map({ $0 > 0 }) == true else {
      throw ValidationError("--version is draft, published or a number from 1")
    }
  }

  func run(_ session: Session, _ screen: Screen) async throws {
    let flow = try await session.flows.get(
      GetFlowRequest(workspace: session.workspace, flow: flow, version: UInt32(version) ?? 0))
    let definition = try definition(of: flow)
    switch screen.format {
    case .json where !yaml: try screen.print(flow.json)
    case .json: try screen.print(JSONValue.embedded(definition))
    case .table where yaml: try screen.print(try Self.yamlLines(definition))
    case .table:
      try screen.print(try await fields(flow, session, screen))
      if !flow.versions.isEmpty {
        try screen.heading("versions")
        try screen.print(Self.versions(flow, screen))
      }
      try screen.heading(heading(of: flow))
      try screen.print(try Self.yamlLines(definition))
    }
  }

  private func definition(of flow: Flow) throws -> [UInt8] {
    switch version {
    case "draft": return flow.draft
    case "published" where flow.publishedVersion == 0:
      throw CommandFailure(.notFound, "the flow \(flow.name) is not published")
    case "published": return flow.published
    default: return flow.versionDefinition
    }
  }

  private func heading(of flow: Flow) -> String {
    switch version {
    case "draft": "draft"
    case "published", String(flow.publishedVersion): "published version \(flow.publishedVersion)"
    default: "version \(version)"
    }
  }

  private func fields(_ flow: Flow, _ session: Session, _ screen: Screen) async throws -> Fields {
    var fields = Fields()
    fields.add("flow", flow.name, .bold)
    fields.add("id", flow.id)
    fields.add("published", flow.publication, flow.draftPublished ? .green : .yellow)
    fields.add("revision", String(flow.revision))
    fields.add("created", screen.fullTime(flow.createdAtUs))
    fields.add("updated", screen.fullTime(flow.updatedAtUs))
    for trigger in try await session.triggersIfAny(of: flow.name, flow) {
      fields.add("trigger", "\(trigger.node)  \(trigger.url)\(trigger.enabled ? "" : "  (disabled)")")
    }
    return fields
  }

  private static func versions(_ flow: Flow, _ screen: Screen) -> Table {
    Table(
      [Table.Column("VERSION", .right), Table.Column("PUBLISHED"), Table.Column("BY", cutTo: 8)],
      rows: flow.versions.map {
        [Table.Cell(String($0.version)), Table.Cell(screen.time($0.publishedAtUs)), Table.Cell($0.publishedBy)]
      })
  }

  private static func yamlLines(_ definition: [UInt8]) throws -> [String] {
    var text = try YAMLWriter.text(.embedded(definition))
    while text.hasSuffix("\n") { text.removeLast() }
    return [TerminalText.escaped(text, keepingLineBreaks: true)]
  }
}
