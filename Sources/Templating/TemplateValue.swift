/// What a template variable stands for.
package enum TemplateValue: Sendable, Equatable {
    /// A text. A section over it is written when it is not empty.
    case text(String)
    /// A variable that exists but has no value for this guest: a section over it is skipped, its inverse is
    /// written, and writing it out is an error.
    case absent
    /// A condition for sections.
    case flag(Bool)
    /// A section over it is written once for each element, whose variables hide the outer ones.
    ///
    /// `fields` names all variables that elements have, so that a misspelt one is found even when the list is empty.
    case list([[String: TemplateValue]], fields: Set<String>)
    /// Names below a name (`env.HOME`). A section over a name that the group lacks is skipped; writing it out is an
    /// error.
    case group([String: TemplateValue])

    /// The text, or ``absent`` where there is none.
    package static func optional(_ text: String?) -> TemplateValue { text.map(TemplateValue.text) ?? .absent }
}
