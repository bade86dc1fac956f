import ArgumentParser
import HeadgateProto

/// `headgate logs map`.
struct LogsMap: ClientCommand {
  static let configuration = CommandConfiguration(
    commandName: "map",
    abstract: "Map variables from the values of a recorded request.",
    discussion: """
      Shows what each path gives in that request, and adds the lines to the draft of its trigger. Without VAR=PATH all paths \
      of the request are listed. A path that has no value there is refused, unless --absent says that this is meant.

      Example: headgate logs map 01934a5e-0000-7000-8000-000000000000
      Example: headgate logs map 01934a5e-0000-7000-8000-000000000000 email=body.mail
      """)

  @Argument(help: "Id of the request.", transform: { try ArgumentValues.id($0) })
  var id: String

  @Argument(help: ArgumentHelp("A variable and the path or template that it comes from.", valueName: "var=path"))
  var map: [VariableAssignment] = []

  @Flag(help: "Publish the flow with it; else only the draft is changed.")
  var publish = false

  @Flag(help: "Also paths that have no value in this request.")
  var absent = false

  @OptionGroup(title: "Global options") var global: GlobalOptions

  func run(_ session: Session, _ screen: Screen) async throws {
    let leaves = try await session.logs.leaves(LogLeavesRequest(workspace: session.workspace, id: id)).leaves
    guard !map.isEmpty else { return try list(leaves, screen) }
    let found = map.map { Found($0, in: leaves) }
    let missing = found.filter { $0.value == nil }
    guard absent || missing.isEmpty else {
      throw CommandFailure(
        .invalid, missing.count == 1 ? "the request has no value there" : "the request has no values there",
        faults: missing.map { PlacedFault(Fault(path: $0.assignment.path, code: "absent", message: $0.hint(leaves))) },
        advice: "See all of its paths: headgate logs map \(id). To map it all the same: --absent")
    }
    let entry = try await session.logs.get(GetLogRequest(workspace: session.workspace, id: id))
    let trigger = try await session.triggers.amend(
      AmendTriggerRequest(
        workspace: session.workspace, trigger: entry.triggerId, map: map.map(\.message), publish: publish))
    switch screen.format {
    case .json:
      try screen.print([
        "trigger": .string("\(trigger.flow)/\(trigger.node)"), "revision": .integer(trigger.revision),
        "published": .bool(publish), "map": .array(found.map(\.json)),
      ])
    case .table:
      try screen.print(
        Table(
          [Table.Column("VARIABLE"), Table.Column("FROM", cutTo: 12), Table.Column("VALUE IN THIS REQUEST", cutTo: 12)],
          rows: found.map {
            [Table.Cell($0.assignment.variable), Table.Cell($0.assignment.path), Table.Cell($0.value ?? "(none)")]
          }))
      let flow = TerminalText.escaped(trigger.flow)
      try screen.print(
        publish
          ? "published with flow \(flow)"
          : "in the draft of \(flow), revision \(trigger.revision); publish it with: headgate flow publish \(flow)")
    }
  }

  private func list(_ leaves: [Leaf], _ screen: Screen) throws {
    switch screen.format {
    case .json: try screen.print(["leaves": .array(leaves.map(\.json))])
    case .table where leaves.isEmpty: try screen.print("the request has no values")
    case .table:
      let width = screen.environment.output.isTerminal ? screen.environment.terminalWidth : Self.pipedWidth
      try screen.print(LeafTree(leaves, width: width, isColoured: screen.isColoured).lines(limit: .max).lines)
    }
  }

  private static let pipedWidth = 400
}

/// A path and what it gives in a request.
private struct Found {
  var assignment: VariableAssignment
  /// `nil`: there is none.
  var value: String?

  init(_ assignment: VariableAssignment, in leaves: [Leaf]) {
    self.assignment = assignment
    if assignment.path.contains("{{") {
      value = "(a template)"
      return
    }
    let steps = PathSteps.of(assignment.path)
    let inside = leaves.filter { PathSteps.of($0.path).starts(with: steps) }
    if let leaf = inside.first(where: { PathSteps.of($0.path).count == steps.count }) {
      value = String(decoding: leaf.value, as: UTF8.self)
    } else if !inside.isEmpty {
      value = inside.count == 1 ? "(has 1 value inside)" : "(has \(inside.count) values inside)"
    }
  }

  /// Where the value may be instead.
  func hint(_ leaves: [Leaf]) -> String {
    let steps = PathSteps.of(assignment.path)
    // As one step is taken what is no path; "a..b" has an empty one.
    if steps.contains("") || (steps.count == 1 && assignment.path.contains("[")) {
      return "is not a path, such as body.items[0].amount or headers[\"x-event\"]"
    }
    let last = steps.last?.lowercased() ?? ""
    let near = leaves.map(\.path).filter { PathSteps.of($0).last?.lowercased() == last }.prefix(3)
    return near.isEmpty
      ? "has no value in this request" : "has no value in this request; there is \(near.joined(separator: ", "))"
  }

  var json: JSONValue {
    [
      "variable": .string(assignment.variable), "from": .string(assignment.path),
      "value": value.map { .string($0) } ?? .null,
    ]
  }
}
