/// What a flow that is not there yet will consist of, one line each.
enum NewFlowLines {
  static func lines(_ definition: JSONValue, isColoured: Bool) -> [String] {
    (elements(of: "nodes", in: definition).map(node) + elements(of: "connections", in: definition).map(connection)).map {
      Ink.green("+ " + TerminalText.escaped($0), on: isColoured)
    }
  }

  private static func elements(of name: String, in definition: JSONValue) -> [JSONValue] {
    if case .array(let elements) = definition[name] { elements } else { [] }
  }

  private static func node(_ node: JSONValue) -> String {
    let details = [node["type"]?.text, node["auth"]?["mode"]?.text, node["auth"]?["preset"]?.text].compactMap(\.self)
    return "node \(node["id"]?.text ?? "") (\(details.joined(separator: ", ")))"
  }

  private static func connection(_ connection: JSONValue) -> String {
    "connection \(connection["from"]?.text ?? "") → \(connection["to"]?.text ?? "")"
  }
}
