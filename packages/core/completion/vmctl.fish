# Completion of vmctl for fish:  vmctl completion fish > ~/.config/fish/completions/vmctl.fish

function __vmctl_complete
    set -l words (commandline --tokenize --cut-at-cursor --current-process)
    set -l current (commandline --current-token --cut-at-cursor)
    set -l lines (command $words[1] __complete -- $words[2..] $current 2>/dev/null)
    # A flag with its value in one word.
    set -l flag (string match --regex -- '^--[^=]+=' $current)
    set -l path (string replace --regex -- '^--[^=]+=' '' $current)
    for line in $lines
        switch $line
            case ':files'
                __fish_complete_path $path | string replace --regex -- '^' "$flag"
            case ':directories'
                __fish_complete_directories $path '' | string replace --regex -- '^' "$flag"
            case ':goes-on'
            case '*'
                echo $line
        end
    end
end

complete --command vmctl --no-files --keep-order --arguments '(__vmctl_complete)'
