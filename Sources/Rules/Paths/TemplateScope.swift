package import JSON

/// What a template sees: the request, the flow's constants and the workspace's variables.
package struct TemplateScope: Sendable {
  /// The request.
  package var payload: Payload
  private let constants: [String: JSONValue]
  private let environment: [String: [UInt8]]

  /// Makes a scope.
  package init(payload: Payload, constants: [String: JSONValue] = [:], environment: [String: [UInt8]] = [:]) {
    self.payload = payload
    self.constants = constants
    self.environment = environment
  }

  /// The value of a template; `nil` when it has expressions and none of them has a value.
  ///
  /// A template that is one expression and nothing else has that expression's value with its type; any other is a text,
  /// in which an expression without a value is empty.
  package mutating func value(of template: Template) -> PayloadValue? {
    if template.segments.count == 1, case .expression(let alternatives, _) = template.segments[0] {
      return value(of: alternatives)
    }
    var text: [UInt8] = []
    var hasExpression = false
    var hasValue = false
    for segment in template.segments {
      switch segment {
      case .text(let bytes): text.append(contentsOf: bytes)
      case .expression(let alternatives, _):
        hasExpression = true
        guard let value = value(of: alternatives) else { continue }
        hasValue = true
        text.append(contentsOf: value.text)
      }
    }
    return hasExpression && !hasValue ? nil : .text(text)
  }

  private mutating func value(of alternatives: [Template.Alternative]) -> PayloadValue? {
    for alternative in alternatives {
      let value: PayloadValue? =
        switch alternative {
        case .path(let path): payload.value(at: path)
        case .constant(let name): constants[name].map { .json($0) }
        case .environment(let name): environment[name].map { .text($0) }
        case .literal(let bytes): .text(bytes)
        }
      if let value, !value.isNull { return value }
    }
    return nil
  }
}
