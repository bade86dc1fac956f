internal import Identifiers
package import JSON

/// What a template sees: the request, the flow's constants and the workspace's variables.
package struct TemplateScope: Sendable {
  /// The request.
  package var payload: Payload
  private let constants: [String: JSONValue]
  private let environment: WorkspaceEnvironment
  /// "secret_not_mapped": where a secret variable of the workspace was left out.
  package private(set) var notes: [DecisionNote] = []

  /// Makes a scope.
  package init(
    payload: Payload, constants: [String: JSONValue] = [:], environment: WorkspaceEnvironment = .empty
  ) {
    self.payload = payload
    self.constants = constants
    self.environment = environment
  }

  /// Where phone numbers without a country code are from; empty: nowhere.
  package var defaultRegion: String { environment.defaultRegion }

  /// A value with the mark whether a secret is in it.
  struct Marked {
    var value: PayloadValue
    var isSecret = false
    var isRequestID = false
  }

  /// The value of a template; `nil` when it has expressions and none of them has a value.
  ///
  /// A template that is one expression and nothing else has that expression's value with its type; any other is a text,
  /// in which an expression without a value is empty. A value with a secret variable in it is none, with a note: what this
  /// answers is stored. To compare and to answer there are `marked(_:)` and `HTTPAnswer`.
  package mutating func value(of template: Template) -> PayloadValue? {
    guard let marked = marked(template) else { return nil }
    guard marked.isSecret else { return marked.value }
    let message = "A secret variable can be compared with and answered, not kept."
    notes.append(DecisionNote(at: template.text, code: "secret_not_mapped", message: message))
    return nil
  }

  /// Forgets the notes, for the next element or node.
  mutating func forgetNotes() { notes = [] }

  /// The value of a template, secrets included. Must not be stored when it is secret.
  mutating func marked(_ template: Template) -> Marked? {
    if template.segments.count == 1 {
      switch template.segments[0] {
      case .text(let bytes): return Marked(value: .text(bytes))
      case .expression(let alternatives, _): return value(of: alternatives)
      }
    }
    var text: [UInt8] = []
    var hasExpression = false
    var hasValue = false
    var isSecret = false
    for segment in template.segments {
      switch segment {
      case .text(let bytes): text.append(contentsOf: bytes)
      case .expression(let alternatives, _):
        hasExpression = true
        guard let marked = value(of: alternatives) else { continue }
        hasValue = true
        isSecret = isSecret || marked.isSecret
        text.append(contentsOf: marked.value.text)
      }
    }
    return hasExpression && !hasValue ? nil : Marked(value: .text(text), isSecret: isSecret)
  }

  /// The first alternative that has a value.
  mutating func value(of alternatives: [Template.Alternative]) -> Marked? {
    for alternative in alternatives {
      var isSecret = false
      var isRequestID = false
      let value: PayloadValue?
      switch alternative {
      case .path(let path): value = payload.value(at: path)
      case .constant(let name): value = constants[name].map { .json($0) }
      case .environment(let name):
        let variable = environment.variables[name]
        isSecret = variable?.isSecret ?? false
        value = variable.map { .text($0.value) }
      case .requestID:
        isRequestID = true
        value = .text(Array(payload.request.id.description.utf8))
      case .literal(let bytes): value = .text(bytes)
      }
      if let value, !value.isNull { return Marked(value: value, isSecret: isSecret, isRequestID: isRequestID) }
    }
    return nil
  }
}
