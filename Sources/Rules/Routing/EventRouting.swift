internal import Cryptography

/// Which output a request takes, by the value of its event.
package struct EventRouting: Hashable, Sendable {
  /// One output.
  package struct Case: Hashable, Sendable {
    /// The output's name; stays when value and label change.
    package var id: String
    /// What the event is compared with.
    package var value: Template
    /// For people.
    package var label: String

    /// Makes a case.
    package init(id: String, value: Template, label: String = "") {
      self.id = id
      self.value = value
      self.label = label
    }
  }

  /// The output of every trigger that is taken when no case is.
  package static let elseOutput = "else"

  /// Where the event stands; `nil`: the preset's.
  package var path: ValuePath?
  /// In the order in which they are compared.
  package var cases: [Case]

  /// Makes a routing.
  package init(path: ValuePath?, cases: [Case] = []) {
    self.path = path
    self.cases = cases
  }

  /// Compares the event at `path` with the cases; the first equal one wins, byte for byte, else "else".
  ///
  /// - Parameter explanation: gets the event fields, the cases and the output.
  /// - Returns: The event's text, whole; `nil` when there is none.
  package static func route(
    path: ValuePath, cases: [Case], in scope: inout TemplateScope, explanation: inout DecisionExplanation
  ) -> [UInt8]? {
    explanation.eventPath = path.text
    explanation.output = elseOutput
    guard let value = scope.payload.value(at: path), !value.isNull else { return nil }
    explanation.eventPresent = true
    guard let event = value.scalarText else {
      let message = "The event is \(value.typeName); only texts, numbers, true and false are compared."
      explanation.notes.append(DecisionNote(at: path.text, code: "not_comparable", message: message))
      return nil
    }
    explanation.eventValue = cut(event)
    for option in cases {
      let wanted = scope.marked(option.value)
      let text = wanted?.value.scalarText
      let isSecret = wanted?.isSecret ?? false
      // What is as long as a secret may be one: only then the time must not depend on where they differ.
      let matched = isSecret ? text.map { constantTimeEqual($0, event) } ?? false : text == event
      let shown = isSecret ? WorkspaceEnvironment.shownSecret : cut(text ?? [])
      explanation.cases.append(ComparedCase(caseID: option.id, value: shown, matched: matched))
      guard matched else { continue }
      explanation.output = option.id
      // An event that equals a secret is one.
      if isSecret { explanation.eventValue = shown }
      break
    }
    return event
  }

  private static func cut(_ value: [UInt8]) -> [UInt8] {
    value.count <= DecisionExplanation.valueLimit ? value : Array(value.prefix(DecisionExplanation.valueLimit))
  }
}
