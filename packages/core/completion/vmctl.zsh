#compdef vmctl
# Completion of vmctl for zsh. In ~/.zshrc, after compinit:  source <(vmctl completion zsh)
# Or as a file with the name _vmctl in a directory of $fpath.

_vmctl() {
  local line word about paths=''
  local -a plain described space
  # Quotes are the shell's, not vmctl's.
  local -a typed=("${(@Q)words[2,CURRENT]}")
  typed[-1]=${(Q)PREFIX}
  for line in "${(@f)$("${(Q)words[1]}" __complete -- "${typed[@]}" 2>/dev/null)}"; do
    case $line in
      '') ;;
      :files) paths=files ;;
      :directories) paths=directories ;;
      :goes-on) space=(-S '') ;;
      *)
        word=${line%%$'\t'*}
        about=''
        [[ $line == *$'\t'* ]] && about=${line#*$'\t'}
        # A colon parts the word from what it is.
        described+=("${word//:/\\:}${about:+:$about}")
        ;;
    esac
  done

  local found=1
  if ((${#described})); then
    _describe -V -t vmctl vmctl described "${space[@]}" && found=0
  fi
  case $paths in
    files)
      [[ $PREFIX == --*=* ]] && compset -P '*='
      _files && found=0
      ;;
    directories)
      [[ $PREFIX == --*=* ]] && compset -P '*='
      _files -/ && found=0
      ;;
  esac
  return found
}

if [[ ${funcstack[1]} == _vmctl ]]; then
  _vmctl "$@"
elif (($+functions[compdef])); then
  compdef _vmctl vmctl
fi
