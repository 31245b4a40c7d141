import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import {
  ScriptTarget,
  SyntaxKind,
  canHaveModifiers,
  createSourceFile,
  getJSDocCommentsAndTags,
  getModifiers,
  isCallExpression,
  isClassDeclaration,
  isExportDeclaration,
  isIdentifier,
  isImportDeclaration,
  isInterfaceDeclaration,
  isJSDoc,
  isMethodDeclaration,
  isMethodSignature,
  isNamedExports,
  isNamedImports,
  isPrivateIdentifier,
  isTypeAliasDeclaration,
  isFunctionDeclaration,
  isVariableStatement,
} from 'typescript';
import type { Node, SourceFile, Statement } from 'typescript';

/** A name that a package gives to its users. */
export interface PublicName {
  readonly name: string;
  /** Where it is declared, below the root. */
  readonly path: string;
  readonly documented: boolean;
  /** Methods of a class or interface that have no sentence of their own, and inherit none. */
  readonly silentMethods: readonly string[];
}

interface Declaration {
  readonly node: Statement;
  readonly file: string;
  /** Handed on from another package, and explained there. */
  readonly foreign?: true;
}

interface Manifest {
  readonly exports: Readonly<Record<string, { readonly source: string }>>;
}

/** Everything that the entry points of one package export, in the order in which they name it. */
export const publicNames = (root: string, packageDirectory: string): readonly PublicName[] => {
  const manifest = JSON.parse(readFileSync(join(packageDirectory, 'package.json'), 'utf8')) as Manifest;
  const sources = new Sources();
  return Object.values(manifest.exports).flatMap(({ source }) => {
    const entry = join(packageDirectory, source);
    return [...new Set(sources.exportedBy(entry))].map((name) => {
      const declarations = sources.declarationsOf(entry, name);
      const [first] = declarations;
      if (first === undefined) throw new Error(`${entry} exports ${name}, which is declared nowhere`);
      return {
        name,
        path: relative(root, first.file),
        documented: declarations.some(
          ({ node, file, foreign }) => foreign === true || isDocumented(node, sources.parse(file)),
        ),
        silentMethods: declarations.flatMap(({ node }) => silentMethodsOf(node)),
      };
    });
  });
};

/** All packages of the workspace, by directory. */
export const packageDirectories = (root: string): readonly string[] =>
  readdirSync(join(root, 'packages')).map((name) => join(root, 'packages', name));

/** Parses files once, and follows names through `export … from` and imports that are handed on. */
class Sources {
  readonly #parsed = new Map<string, SourceFile>();

  parse(file: string): SourceFile {
    const known = this.#parsed.get(file);
    if (known !== undefined) return known;
    const parsed = createSourceFile(file, readFileSync(file, 'utf8'), ScriptTarget.Latest, true);
    this.#parsed.set(file, parsed);
    return parsed;
  }

  exportedBy(file: string): readonly string[] {
    return this.parse(file).statements.flatMap((statement) => {
      if (isExportDeclaration(statement)) {
        const clause = statement.exportClause;
        return clause !== undefined && isNamedExports(clause)
          ? clause.elements.map(({ name }) => name.text)
          : [];
      }
      return isExported(statement) ? namesOf(statement) : [];
    });
  }

  declarationsOf(file: string, name: string): readonly Declaration[] {
    return this.parse(file).statements.flatMap((statement) => {
      if (isExportDeclaration(statement)) return this.#handedOn(file, statement, name);
      if (isImportDeclaration(statement)) return this.#imported(file, statement, name);
      return namesOf(statement).includes(name) ? [{ node: statement, file }] : [];
    });
  }

  #handedOn(file: string, statement: Statement, name: string): readonly Declaration[] {
    if (!isExportDeclaration(statement)) return [];
    const clause = statement.exportClause;
    if (clause === undefined || !isNamedExports(clause)) return [];
    const element = clause.elements.find((candidate) => candidate.name.text === name);
    if (element === undefined) return [];
    const inner = (element.propertyName ?? element.name).text;
    if (statement.moduleSpecifier !== undefined)
      return this.#elsewhere(file, statement, statement.moduleSpecifier, inner);
    return inner === name ? [] : this.declarationsOf(file, inner);
  }

  #imported(file: string, statement: Statement, name: string): readonly Declaration[] {
    if (!isImportDeclaration(statement)) return [];
    const bindings = statement.importClause?.namedBindings;
    if (bindings === undefined || !isNamedImports(bindings)) return [];
    const element = bindings.elements.find((candidate) => candidate.name.text === name);
    if (element === undefined) return [];
    return this.#elsewhere(
      file,
      statement,
      statement.moduleSpecifier,
      (element.propertyName ?? element.name).text,
    );
  }

  #elsewhere(file: string, node: Statement, specifier: Node, name: string): readonly Declaration[] {
    const from = specifier.getText().slice(1, -1);
    if (!from.startsWith('.')) return [{ node, file, foreign: true }];
    const path = join(dirname(file), from);
    const target = [`${path}.ts`, `${path}/index.ts`].find((candidate) => existsSync(candidate));
    return target === undefined ? [] : this.declarationsOf(target, name);
  }
}

const isExported = (node: Node): boolean =>
  canHaveModifiers(node) &&
  (getModifiers(node) ?? []).some((modifier) => modifier.kind === SyntaxKind.ExportKeyword);

const namesOf = (statement: Statement): readonly string[] => {
  if (isVariableStatement(statement))
    return statement.declarationList.declarations.flatMap(({ name }) =>
      isIdentifier(name) ? [name.text] : [],
    );
  const isNamed =
    isClassDeclaration(statement) ||
    isInterfaceDeclaration(statement) ||
    isTypeAliasDeclaration(statement) ||
    isFunctionDeclaration(statement);
  return isNamed && statement.name !== undefined ? [statement.name.text] : [];
};

const hasSentence = (node: Node): boolean => getJSDocCommentsAndTags(node).some(isJSDoc);

/** A file of message schemas says at its first one what the versions of all of them brought. */
const isDocumented = (statement: Statement, file: SourceFile): boolean =>
  hasSentence(statement) ||
  (isSchema(statement) && file.statements.filter(isSchema).slice(0, 1).some(hasSentence));

const isSchema = (statement: Statement): boolean =>
  isVariableStatement(statement) &&
  statement.declarationList.declarations.some(
    ({ initializer }) =>
      initializer !== undefined &&
      isCallExpression(initializer) &&
      initializer.expression.getText() === 'message',
  );

const silentMethodsOf = (statement: Statement): readonly string[] => {
  const inherits = isClassDeclaration(statement) && statement.heritageClauses !== undefined;
  if (inherits || (!isClassDeclaration(statement) && !isInterfaceDeclaration(statement))) return [];
  return [...statement.members].flatMap((member) => {
    if (!isMethodDeclaration(member) && !isMethodSignature(member)) return [];
    if (isPrivateIdentifier(member.name) || hasSentence(member)) return [];
    return [`${statement.name?.text ?? ''}.${member.name.getText()}`];
  });
};
