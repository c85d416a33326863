# Runs holdfast-evidence.exe as a standard user that exists for this alone (HoldfastTester), by
# CreateProcessWithLogonW (Start-Process -Credential). For a machine that may be changed: ci/leg-windows.
#   -Programs DIR -Out FILE -Arguments "..."   runs; exit status of the program
#   -Sid                                       makes the user and prints its SID
#   -Remove                                    removes user, profile and the copy of the programs
param([string]$Programs, [string]$Out, [string]$Arguments, [switch]$Sid, [switch]$Remove)
$ErrorActionPreference = 'Stop'
$name = 'HoldfastTester'
$folder = 'C:\holdfast-tester'

if ($Remove) {
    $user = Get-LocalUser -Name $name -ErrorAction SilentlyContinue
    if ($user) {
        Get-CimInstance Win32_UserProfile | Where-Object { $_.SID -eq $user.SID.Value } | Remove-CimInstance
        Remove-LocalUser -Name $name
    }
    Remove-Item -Recurse -Force -ErrorAction SilentlyContinue $folder
    exit 0
}

# A new password each time: nobody has to keep it.
$bytes = New-Object byte[] 24
[Security.Cryptography.RandomNumberGenerator]::Create().GetBytes($bytes)
$password = ConvertTo-SecureString ('aA1!' + [Convert]::ToBase64String($bytes)) -AsPlainText -Force
if (Get-LocalUser -Name $name -ErrorAction SilentlyContinue) {
    Set-LocalUser -Name $name -Password $password
} else {
    $null = New-LocalUser -Name $name -Password $password -PasswordNeverExpires
    Add-LocalGroupMember -SID 'S-1-5-32-545' -Member $name # Users, whatever they are called here
}
if ($Sid) {
    (Get-LocalUser -Name $name).SID.Value
    exit 0
}

# Where the user can read them, and write what was found; nobody else's files are opened to it.
$null = New-Item -ItemType Directory -Force $folder, "$folder\out"
Copy-Item -Force "$Programs\*.exe" $folder
icacls $folder /grant '*S-1-5-32-545:(OI)(CI)RX' | Out-Null
icacls "$folder\out" /grant "${name}:(OI)(CI)M" | Out-Null
Remove-Item -Force -ErrorAction SilentlyContinue "$folder\out\*"
$credential = New-Object Management.Automation.PSCredential(".\$name", $password)
$process = Start-Process -Credential $credential -LoadUserProfile -WorkingDirectory $folder -PassThru -WindowStyle Hidden `
    -FilePath "$folder\holdfast-evidence.exe" -ArgumentList "$Arguments --out $folder\out\evidence.json" `
    -RedirectStandardOutput "$folder\out\output" -RedirectStandardError "$folder\out\errors"
$null = $process.Handle # else the exit code is lost when the process has ended
if (-not $process.WaitForExit(1800000)) {
    $process.Kill()
    'holdfast-evidence.exe did not end within 30 minutes'
    exit 1
}
Get-Content -ErrorAction SilentlyContinue "$folder\out\output", "$folder\out\errors"
Copy-Item -Force "$folder\out\evidence.json" $Out
exit $process.ExitCode
