import Templating
import Testing

@Suite("Templates")
struct TemplateTests {
    private static let values: [String: TemplateValue] = [
        "name": .text("it's"), "empty": .text(""), "none": .absent, "yes": .flag(true), "no": .flag(false),
        "disks": .list(
            [
                ["vdev": .text("xvda1"), "label": .absent], ["vdev": .text("xvda2"), "label": .text("root")],
            ],
            fields: ["vdev", "label"]
        ),
        "vifs": .list([], fields: ["mac"]),
        "label": .text("outer"),
        "env": .group(["HOME": .text("/root")]),
    ]

    private func render(_ template: String, _ escaping: Escaping = .xl) throws -> String {
        try Template(template, file: "t.mustache", escaping: escaping).render(Self.values)
    }

    @Test(
        "a template is filled",
        arguments: [
            ("name = '{{name}}'", #"name = 'it\'s'"#),
            ("{{! a comment\nof two lines }}\nx", "x"),
            ("{{#yes}}a{{/yes}}{{#no}}b{{/no}}{{^yes}}c{{/yes}}{{^no}}d{{/no}}", "ad"),
            ("{{#none}}a{{/none}}{{^none}}b{{/none}}", "b"),
            ("{{#empty}}a{{/empty}}{{^empty}}b{{/empty}}", "b"),
            ("{{#name}}{{name}}{{/name}}", #"it\'s"#),
            ("{{#name}}{{.}}{{/name}}", #"it\'s"#),
            ("[{{#disks}}{{vdev}}{{^last()}},{{/last()}}{{/disks}}]", "[xvda1,xvda2]"),
            ("{{#disks}}{{index()}}{{/disks}}", "01"),
            ("{{#vifs}}{{mac}}{{/vifs}}{{^vifs}}no vif{{/vifs}}", "no vif"),
            ("{{#disks}}{{name}} {{/disks}}", #"it\'s it\'s "#),
            ("{{env.HOME}}{{#env.NOT_THERE}}x{{/env.NOT_THERE}}", "/root"),
            ("{{uppercased(name)}}", #"IT\'S"#),
            ("{{=<% %>=}}<%name%> {{name}}", #"it\'s {{name}}"#),
            ("{{% CONTENT_TYPE:XL}}\n{{name}}\n", "it\\'s\n"),
            ("{{{name}}} {{&name}}", "it's it's"),
            ("no tags { at } all $x", "no tags { at } all $x"),
            ("", ""),
        ]
    )
    func filled(template: String, expected: String) throws {
        #expect(try render(template) == expected)
    }

    @Test("an element's variable without a value hides the outer one of the same name")
    func hiding() throws {
        #expect(try render("{{#disks}}<{{#label}}{{label}}{{/label}}>{{/disks}}") == "<><root>")
    }

    @Test("the escaping holds inside sections and lists, and HTML is never escaped")
    func escapingInSections() throws {
        let values: [String: TemplateValue] = [
            "list": .list([["x": .text("<\"&'>")]], fields: ["x"]), "x": .text("<\"&'>"),
        ]
        let template = "{{x}}{{#list}}{{x}}{{#x}}{{x}}{{/x}}{{/list}}"
        for (escaping, one) in [(Escaping.xl, #"<\"&\'>"#), (.shell, #"'<"&'\''>'"#), (.plain, #"<"&'>"#)] {
            let text = try Template(template, file: "t", escaping: escaping).render(values)
            #expect(text == one + one + one)
        }
    }

    @Test(
        "a template that leaves a gap is refused, with its line",
        arguments: [
            ("a\nb {{nmae}}", 2, "there is no variable \"nmae\" here"),
            ("{{#none}}\n{{typo}}\n{{/none}}", 2, "there is no variable \"typo\" here"),
            ("{{#vifs}}{{mca}}{{/vifs}}", 1, "there is no variable \"mca\" here"),
            ("{{#typo}}x{{/typo}}", 1, "there is no variable \"typo\" here"),
            ("\n\n{{none}}", 3, "the variable \"none\" has no value here"),
            ("\n{{{none}}}", 2, "the variable \"none\" has no value here"),
            (
                "{{#none}}{{none}}{{/none}}\n{{#disks}}{{label}}{{/disks}}", 2,
                "the variable \"label\" has no value here"
            ),
            ("\n{{vdev}}", 2, "there is no variable \"vdev\" here"),
            ("{{env.NOT_THERE}}", 1, "the variable \"env.NOT_THERE\" has no value here"),
            ("{{yes}}", 1, "\"yes\" is not a text and cannot be written out"),
            ("\n{{disks}}", 2, "\"disks\" is not a text and cannot be written out"),
            ("{{#disks}}\n{{.}}{{/disks}}", 2, "\".\" is not a text and cannot be written out"),
            ("{{env}}", 1, "\"env\" is not a text and cannot be written out"),
            ("{{disks.vdev}}", 1, "\"disks\" has nothing inside it by the name \"vdev\""),
            ("{{name.first}}", 1, "\"name\" has nothing inside it by the name \"first\""),
            ("{{.name}}", 1, "\".name\" begins with a dot, which is not supported"),
            ("{{shout(name)}}", 1, "\"shout(name)\" is not supported"),
            ("{{uppercased(disks)}}", 1, "\"disks\" is not a text and cannot be written out"),
            ("x\n{{> other}}", 2, "the template includes another one with \"other\", which is not supported"),
            ("{{=<% %>=}}\n<%> other%>", 2, "the template includes another one with \"other\", which is not supported"),
            (
                "{{% CONTENT_TYPE:HTML}}\n{{name}}", 1,
                "the pragma \"CONTENT_TYPE:HTML\" does not fit this file, whose values are escaped as XL"
            ),
            ("a\n{{#yes}}\nb", 3, "a section is never closed"),
            ("{{#yes}}\n{{/no}}", 2, "a section is closed under another name than it was opened with"),
            ("a\n{{name", 2, "a tag does not end"),
            ("{{na me}}", 1, "a tag does not end, or its name holds a character that names do not have"),
        ]
    )
    func refused(template: String, line: Int, message: String) throws {
        let error = try #require(throws: TemplateError.self) { try render(template) }
        #expect(error.message == message)
        #expect(error.line == line)
        #expect(error.file == "t.mustache")
    }

    @Test("a value that the file cannot express is refused only where it is written")
    func inexpressible() throws {
        let values: [String: TemplateValue] = ["x": .text("a\u{1B}"), "y": .text("ok")]
        #expect(try Template("{{y}}", file: "t", escaping: .xl).render(values) == "ok")
        let error = try #require(throws: TemplateError.self) {
            try Template("\n{{x}}", file: "t", escaping: .xl).render(values)
        }
        #expect(
            error.description
                == "t:2: the value of \"x\" holds the control character U+001B, which this file cannot express"
        )
    }

    @Test("a misspelt variable gets a suggestion")
    func suggestion() throws {
        let error = try #require(throws: TemplateError.self) { try render("{{nmae}}") }
        #expect(error.hint == "is name meant?")
    }

    @Test(
        "a template of xen-tools is refused with a pointer to mustache",
        arguments: [
            ("#\n# Configuration file for the Xen instance {$hostname}\n", 2, "{{hostname}}"),
            ("memory = '{ $memory }'\n", 1, "{{memory}}"),
            ("{\n  if ( $kernel )\n  {\n     $OUT .= \"kernel\";\n  }\n}\n", 4, "({{kernel}})"),
            ("x\n{ my $i = 1; $OUT .= $PARTITIONS[$i] }", 2, "(the list disks for $PARTITIONS)"),
        ]
    )
    func perl(template: String, line: Int, names: String) throws {
        let error = try #require(throws: TemplateError.self) { try render(template) }
        #expect(error.message == "this is a template of xen-tools, with Perl in braces; Domus runs no Perl")
        #expect(error.line == line)
        #expect(error.hint?.contains(names) == true)
    }

    @Test("values are never read as templates")
    func noInjection() throws {
        let values: [String: TemplateValue] = ["x": .text("{{y}} {{#y}}"), "y": .text("secret")]
        #expect(try Template("{{x}}", file: "t", escaping: .plain).render(values) == "{{y}} {{#y}}")
    }

    @Test("no template makes the reader crash")
    func fuzz() {
        let pieces = [
            "{{", "}}", "{", "}", "#", "^", "/", "!", "%", "=", ">", "&", "name", "disks", " ", "\n", "\r\n", "(", ")",
            ".",
            "$", "é", "\u{301}", "CONTENT_TYPE:XL", "<% %>", "last()",
        ]
        var state: UInt64 = 0x5EED
        for _ in 0..<4000 {
            var template = ""
            for _ in 0..<12 {
                state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                template += pieces[Int(state >> 33) % pieces.count]
            }
            do { _ = try render(template) } catch { #expect(error is TemplateError) }
        }
    }
}
