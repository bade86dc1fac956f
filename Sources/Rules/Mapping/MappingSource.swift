/// Where a value comes from: a path, or a template when the text has `{{` in it.
package enum MappingSource: Hashable, Sendable {
  case path(ValuePath)
  case template(Template)

  /// Parses a path or a template.
  package init(_ text: String) throws(PathSyntaxError) {
    self = Template.isTemplate(text) ? .template(try Template(text)) : .path(try ValuePath(text))
  }

  /// As it was written.
  package var text: String {
    switch self {
    case .path(let path): path.text
    case .template(let template): template.text
    }
  }
}

extension TemplateScope {
  /// The value; `nil` when there is none. `null` is none.
  mutating func value(of source: MappingSource) -> PayloadValue? {
    let value =
      switch source {
      case .path(let path): payload.value(at: path)
      case .template(let template): self.value(of: template)
      }
    return value.flatMap { $0.isNull ? nil : $0 }
  }
}
