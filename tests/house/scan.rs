//! One file: its modules, items, imports and paths, as they are written.

use super::{Files, Item, Module, Reference, Use, below};
use proc_macro2::{TokenStream, TokenTree};
use std::collections::BTreeSet;
use syn::spanned::Spanned;
use syn::visit::{self, Visit};
use syn::{Attribute, Expr, ImplItem, Meta, Stmt, UseTree, Visibility};

/// Adds the modules of `file`, and of those that it names, to `written`.
pub fn file(files: &Files, file: &str, path: Vec<String>, written: &mut Vec<Module>) {
    let Some(text) = files.get(file) else { return };
    let code = syn::parse_file(text).unwrap_or_else(|error| panic!("{file}: {error}"));
    let folder = match file.rsplit_once('/') {
        Some((folder, "mod.rs" | "lib.rs" | "main.rs")) => folder.to_string(),
        _ => file.strip_suffix(".rs").expect("a source").to_string(),
    };
    module(&code.items, Scan { files, folder, module: empty(file, path), written });
}

fn module(items: &[syn::Item], mut scan: Scan<'_>) {
    items.iter().for_each(|item| scan.item_of_module(item));
    scan.written.push(scan.module);
}

fn empty(file: &str, path: Vec<String>) -> Module {
    Module {
        file: file.to_string(),
        path,
        items: Vec::new(),
        references: Vec::new(),
        unsafes: Vec::new(),
        uses: Vec::new(),
        children: BTreeSet::new(),
    }
}

struct Scan<'a> {
    files: &'a Files,
    /// The folder of the files of the modules below.
    folder: String,
    module: Module,
    written: &'a mut Vec<Module>,
}

impl Scan<'_> {
    fn item_of_module(&mut self, item: &syn::Item) {
        if for_tests(attributes(item)) {
            return;
        }
        let ident = match item {
            syn::Item::Enum(one) => &one.ident,
            syn::Item::Fn(one) => &one.sig.ident,
            syn::Item::Struct(one) => &one.ident,
            syn::Item::Trait(one) => &one.ident,
            syn::Item::Type(one) => &one.ident,
            syn::Item::Union(one) => &one.ident,
            syn::Item::Mod(one) => return self.module_below(one),
            _ => return self.visit_item(item),
        };
        self.module.items.push(Item { name: ident.to_string(), line: line(ident) });
        self.visit_item(item);
    }

    fn module_below(&mut self, one: &syn::ItemMod) {
        let name = one.ident.to_string();
        let path = below(&self.module.path, &name);
        self.module.children.insert(name.clone());
        let Some((_, items)) = &one.content else {
            let places = [format!("{}/{name}.rs", self.folder), format!("{}/{name}/mod.rs", self.folder)];
            return places.iter().for_each(|place| file(self.files, place, path.clone(), self.written));
        };
        let inner = empty(&self.module.file, path);
        let folder = format!("{}/{name}", self.folder);
        module(items, Scan { files: self.files, folder, module: inner, written: self.written });
    }

    fn import(&mut self, tree: &UseTree, before: &mut Vec<String>, reexport: bool) {
        let mut end = |name: Option<String>, path: Vec<String>| {
            self.module.uses.push(Use { line: line(tree), path, name, reexport });
        };
        match tree {
            UseTree::Name(one) if one.ident == "self" => end(before.last().cloned(), before.clone()),
            UseTree::Name(one) => {
                let name = one.ident.to_string();
                end(Some(name.clone()), below(before, &name));
            }
            UseTree::Rename(one) => {
                let whole = if one.ident == "self" { vec![] } else { vec![one.ident.to_string()] };
                end(Some(one.rename.to_string()), [before.as_slice(), &whole].concat());
            }
            UseTree::Glob(_) => end(None, before.clone()),
            UseTree::Path(one) => {
                before.push(one.ident.to_string());
                self.import(&one.tree, before, reexport);
                before.pop();
            }
            UseTree::Group(group) => group.items.iter().for_each(|one| self.import(one, before, reexport)),
        }
    }

    fn refer(&mut self, line: usize, path: Vec<String>) {
        self.module.references.push(Reference { line, path, reexport: false });
    }

    /// The paths in a macro's arguments, which may be of any grammar.
    fn tokens(&mut self, tokens: TokenStream) {
        let mut path: Vec<String> = Vec::new();
        let (mut at, mut colons) = (0, 0);
        for token in tokens {
            match token {
                TokenTree::Punct(mark) if mark.as_char() == ':' => colons += 1,
                TokenTree::Ident(ident) => {
                    if colons != 2 {
                        self.refer(at, std::mem::take(&mut path));
                        at = line(&ident);
                    }
                    if ident == "unsafe" {
                        self.module.unsafes.push(line(&ident));
                    }
                    path.push(ident.to_string());
                    colons = 0;
                }
                other => {
                    self.refer(at, std::mem::take(&mut path));
                    colons = 0;
                    if let TokenTree::Group(group) = other {
                        self.tokens(group.stream());
                    }
                }
            }
        }
        self.refer(at, path);
    }

    fn danger(&mut self, mark: Option<syn::Token![unsafe]>) {
        self.module.unsafes.extend(mark.map(|mark| line(&mark)));
    }
}

impl<'ast> Visit<'ast> for Scan<'_> {
    fn visit_item(&mut self, item: &'ast syn::Item) {
        if !for_tests(attributes(item)) {
            visit::visit_item(self, item);
        }
    }

    fn visit_impl_item(&mut self, item: &'ast ImplItem) {
        let attributes = match item {
            ImplItem::Const(one) => &one.attrs,
            ImplItem::Fn(one) => &one.attrs,
            ImplItem::Type(one) => &one.attrs,
            _ => return visit::visit_impl_item(self, item),
        };
        if !for_tests(attributes) {
            visit::visit_impl_item(self, item);
        }
    }

    fn visit_stmt(&mut self, statement: &'ast Stmt) {
        let attributes = match statement {
            Stmt::Local(one) => &one.attrs,
            Stmt::Macro(one) => &one.attrs,
            Stmt::Expr(Expr::Assign(one), _) => &one.attrs,
            Stmt::Expr(Expr::Binary(one), _) => &one.attrs,
            Stmt::Expr(Expr::Block(one), _) => &one.attrs,
            Stmt::Expr(Expr::Call(one), _) => &one.attrs,
            Stmt::Expr(Expr::If(one), _) => &one.attrs,
            Stmt::Expr(Expr::MethodCall(one), _) => &one.attrs,
            _ => return visit::visit_stmt(self, statement),
        };
        if !for_tests(attributes) {
            visit::visit_stmt(self, statement);
        }
    }

    fn visit_field(&mut self, field: &'ast syn::Field) {
        if !for_tests(&field.attrs) {
            visit::visit_field(self, field);
        }
    }

    fn visit_field_value(&mut self, field: &'ast syn::FieldValue) {
        if !for_tests(&field.attrs) {
            visit::visit_field_value(self, field);
        }
    }

    fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
        let reexport = !matches!(item.vis, Visibility::Inherited);
        self.import(&item.tree, &mut Vec::new(), reexport);
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        let names = path.segments.iter().map(|segment| segment.ident.to_string()).collect();
        self.refer(line(path), names);
        visit::visit_path(self, path);
    }

    fn visit_expr_method_call(&mut self, call: &'ast syn::ExprMethodCall) {
        // The one method that is a look at the clock.
        if call.method == "elapsed" && call.args.is_empty() {
            self.refer(line(&call.method), ["std", "time", "Instant", "now"].map(String::from).to_vec());
        }
        visit::visit_expr_method_call(self, call);
    }

    fn visit_macro(&mut self, one: &'ast syn::Macro) {
        self.visit_path(&one.path);
        self.tokens(one.tokens.clone());
    }

    fn visit_attribute(&mut self, attribute: &'ast Attribute) {
        if attribute.path().is_ident("unsafe") {
            self.module.unsafes.push(line(attribute));
        }
    }

    fn visit_expr_unsafe(&mut self, block: &'ast syn::ExprUnsafe) {
        self.danger(Some(block.unsafe_token));
        visit::visit_expr_unsafe(self, block);
    }

    fn visit_signature(&mut self, signature: &'ast syn::Signature) {
        self.danger(signature.unsafety);
        visit::visit_signature(self, signature);
    }

    fn visit_item_impl(&mut self, item: &'ast syn::ItemImpl) {
        self.danger(item.unsafety);
        visit::visit_item_impl(self, item);
    }

    fn visit_item_foreign_mod(&mut self, item: &'ast syn::ItemForeignMod) {
        self.danger(item.unsafety);
        visit::visit_item_foreign_mod(self, item);
    }
}

fn line(of: &impl Spanned) -> usize {
    of.span().start().line
}

/// True for `cfg(test)`, and for `cfg(all(test, ...))`.
fn for_tests(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| match &attribute.meta {
        Meta::List(list) if list.path.is_ident("cfg") => {
            let text = list.tokens.to_string();
            text == "test" || text.starts_with("all (test") || text.starts_with("all(test")
        }
        _ => false,
    })
}

fn attributes(item: &syn::Item) -> &[Attribute] {
    match item {
        syn::Item::Const(one) => &one.attrs,
        syn::Item::Enum(one) => &one.attrs,
        syn::Item::Fn(one) => &one.attrs,
        syn::Item::Impl(one) => &one.attrs,
        syn::Item::Macro(one) => &one.attrs,
        syn::Item::Mod(one) => &one.attrs,
        syn::Item::Static(one) => &one.attrs,
        syn::Item::Struct(one) => &one.attrs,
        syn::Item::Trait(one) => &one.attrs,
        syn::Item::Type(one) => &one.attrs,
        syn::Item::Use(one) => &one.attrs,
        _ => &[],
    }
}
