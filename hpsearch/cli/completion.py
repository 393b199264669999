"""The script with which a shell completes commands, options, and names below the root that the line says."""

from __future__ import annotations

import argparse

from hpsearch.cli.arguments import DATASETS_FOLDER, STUDIES_FOLDER, Parser
from trainables.base.root import ROOT_VARIABLE

SHELLS = ("bash", "zsh", "fish")
"""Those that commands can be completed in."""

_FOLDERS = (STUDIES_FOLDER, DATASETS_FOLDER)

# Bash splits `--root=DIR` into three words.
_BELOW = f"""\
_hpsearch_below() {{  # a folder, and the words of the line
  local folder=$1 root=${{{ROOT_VARIABLE}:-hpsearch-runs}}
  shift
  while [ $# -gt 0 ]; do
    case $1 in
      --root=*) root=${{1#--root=}} ;;
      --root) if [ "$2" = "=" ]; then root=$3; else root=$2; fi ;;
    esac
    shift
  done
  case $root in "~"/*) root=$HOME/${{root#*/}} ;; esac
  ls "$root/$folder" 2>/dev/null
}}
"""
_BELOW_IN_FISH = f"""\
function _hpsearch_below
  set -l root hpsearch-runs
  set -q {ROOT_VARIABLE}; and set root ${ROOT_VARIABLE}
  set -l words (commandline -opc)
  for at in (seq (count $words))
    if string match -q -- '--root=*' $words[$at]
      set root (string replace -- '--root=' '' $words[$at])
    else if test "$words[$at]" = --root; and test $at -lt (count $words)
      set root $words[(math $at + 1)]
    end
  end
  ls (string replace -r -- '^~/' $HOME/ $root)/$argv[1] 2>/dev/null
end
"""
_PREAMBLES = {
    "bash": _BELOW
    + "".join(
        f'_hpsearch_{folder}() {{ compgen -W "$(_hpsearch_below {folder} "${{COMP_WORDS[@]}}")" -- "$1"; }}\n'
        for folder in _FOLDERS
    ),
    "zsh": _BELOW
    + "".join(
        f"_hpsearch_{folder}() {{\n"
        f'  compadd -- ${{(f)"$(_hpsearch_below {folder} "${{(@Q)${{(z)BUFFER}}}}")"}}\n'
        "}\n"
        for folder in _FOLDERS
    ),
    "fish": _BELOW_IN_FISH,
}


def print_completion(arguments: argparse.Namespace, parser: Parser) -> int:
    """Print the script for a shell that completes what a parser takes."""
    import shtab

    for argument in parser.paths():
        argument.complete = shtab.FILE  # type: ignore[attr-defined]  # where shtab looks for it
    for argument, folder in parser.names():
        argument.complete = {  # type: ignore[attr-defined]
            "bash": f"_hpsearch_{folder}",
            "zsh": f"_hpsearch_{folder}",
            "fish": f"(_hpsearch_below {folder})",
        }
    print(shtab.complete(parser, shell=arguments.shell, preamble=_PREAMBLES[arguments.shell]))
    return 0
