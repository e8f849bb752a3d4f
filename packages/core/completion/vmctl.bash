# Completion of vmctl for bash. In ~/.bashrc:  source <(vmctl completion bash)

_vmctl() {
  # Words as vmctl sees them: readline parts them at = and : as well.
  local line=${COMP_LINE:0:COMP_POINT} word index gap
  local -a words=()
  for ((index = 0; index <= COMP_CWORD; index++)); do
    word=${COMP_WORDS[index]}
    gap=${line%%[![:space:]]*}
    line=${line#"$gap"}
    # Of the word at the cursor only what is before it counts.
    if [[ $index -eq $COMP_CWORD ]]; then word=$line; fi
    line=${line#"$word"}
    if [[ $index -eq 0 || -n $gap || ${#words[@]} -eq 0 ]]; then
      words+=("$word")
    else
      words[${#words[@]} - 1]+=$word
    fi
  done

  local current=${words[${#words[@]} - 1]} paths='' candidate
  # What readline will not replace.
  local kept=''
  if [[ $current == *[=:]* ]]; then kept=${current%"${current##*[=:]}"}; fi
  COMPREPLY=()
  while IFS= read -r candidate; do
    case $candidate in
      :files | :directories) paths=${candidate#:} ;;
      :goes-on) compopt -o nospace 2>/dev/null ;;
      *)
        candidate=${candidate%%$'\t'*}
        printf -v candidate %q "$candidate"
        COMPREPLY+=("${candidate#"$kept"}")
        ;;
    esac
  done < <("${words[0]/#\~\//$HOME/}" __complete -- "${words[@]:1}" 2>/dev/null)

  case $paths in
    files)
      if ((${#COMPREPLY[@]} == 0)); then
        compopt -o default +o nospace 2>/dev/null
      else
        while IFS= read -r candidate; do
          if [[ -d $candidate ]]; then candidate+=/; fi
          printf -v candidate %q "$candidate"
          COMPREPLY+=("$candidate")
        done < <(compgen -f -- "$current")
      fi
      ;;
    directories) compopt -o dirnames 2>/dev/null ;;
  esac
}

# Where bash can (4.4), in the order of vmctl: the commands that one needs first come first.
complete -o nosort -F _vmctl vmctl 2>/dev/null || complete -F _vmctl vmctl
